/** Commands of the mask painter. */

import { feather, FULL, grow, invert } from "../image/mask";
import { lookAtPixels, lookAtWhole, zoomLook } from "../state/look";
import { applyMask, changeMask, leavePainter, nowPainting, redoStroke, resizeBrush, setPainter, undoStroke } from "../state/painter";
import { selectedPlace } from "../state/pictures";
import type { Tool } from "../image/tools";
import { set, state } from "../state/store";
import type { Command } from "./command";

const within = "mask";
const group = "Mask";
const tool = (id: Tool, title: string, ...keys: string[]): Command => ({ id: `mask.${id}`, title, group, within, keys, run: () => setPainter({ tool: id }) });
const amount = () => state().painter.amount;

export function openPainter(): void {
  const place = selectedPlace();
  if (place) set({ dialog: { kind: "mask", place } });
}

export const MASK: readonly Command[] = [
  { id: "mask.open", title: "Paint a mask for the selected node", group, keys: ["M"], run: openPainter, when: () => selectedPlace() !== null },
  tool("brush", "Paint", "B"),
  tool("eraser", "Erase", "E"),
  tool("lasso", "Lasso", "L"),
  tool("rectangle", "Rectangle", "R"),
  tool("fill", "Fill", "F"),
  tool("hand", "Move the picture (also Space+drag)", "H"),
  { id: "mask.swap", title: "Swap paint and eraser", group, within, keys: ["X"], run: () => setPainter({ tool: state().painter.tool === "eraser" ? "brush" : "eraser" }) },
  { id: "mask.smaller", title: "Smaller brush", group, within, keys: ["["], run: () => resizeBrush(-1) },
  { id: "mask.larger", title: "Larger brush", group, within, keys: ["]"], run: () => resizeBrush(1) },
  { id: "mask.undo", title: "Undo", group, within, keys: ["Ctrl+Z"], run: undoStroke, when: () => nowPainting()?.canUndo ?? false },
  { id: "mask.redo", title: "Redo", group, within, keys: ["Ctrl+Y", "Ctrl+Shift+Z"], run: redoStroke, when: () => nowPainting()?.canRedo ?? false },
  { id: "mask.invert", title: "Invert", group, within, keys: ["Shift+V"], run: () => changeMask(invert) },
  { id: "mask.all", title: "Cover all", group, within, keys: ["Shift+A"], run: () => changeMask(({ values }) => values.map(() => FULL)) },
  { id: "mask.clear", title: "Clear", group, within, keys: ["Shift+C"], run: () => changeMask(({ values }) => values.map(() => 0)) },
  { id: "mask.grow", title: "Grow", group, within, keys: ["Shift+G"], run: () => changeMask((mask) => grow(mask, amount())) },
  { id: "mask.shrink", title: "Shrink", group, within, keys: ["Shift+S"], run: () => changeMask((mask) => grow(mask, -amount())) },
  { id: "mask.feather", title: "Feather", group, within, keys: ["Shift+F"], run: () => changeMask((mask) => feather(mask, amount())) },
  { id: "mask.alone", title: "The mask alone", group, within, keys: ["V"], run: () => setPainter({ alone: !state().painter.alone }) },
  { id: "mask.in", title: "Zoom in", group, within, keys: ["Plus", "="], run: () => zoomLook(1) },
  { id: "mask.out", title: "Zoom out", group, within, keys: ["-"], run: () => zoomLook(-1) },
  { id: "mask.whole", title: "Show all of the picture", group, within, keys: ["0"], run: lookAtWhole },
  { id: "mask.pixels", title: "Zoom to 100 %", group, within, keys: ["1"], run: lookAtPixels },
  { id: "mask.apply", title: "Use the mask", group, within, keys: ["Enter"], run: applyMask },
  { id: "mask.leave", title: "Cancel", group, within, keys: [], run: leavePainter },
];
