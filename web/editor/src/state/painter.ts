/** The mask that is being painted: the tool in hand, what it does, and where the mask goes in the end. */

import { api } from "../api/client";
import { addNode, setValue } from "../graph/edit";
import { isMask, type FilePlace } from "../graph/pictures";
import { positionOf } from "../graph/document";
import { greyPng } from "../image/greyPng";
import { dab, flood, line, polygon, type Box, type Point } from "../image/layer";
import { FULL, type Bytes, type Mask } from "../image/mask";
import { Painting } from "../image/painting";
import { edit } from "./document";
import { tell, tellError } from "./notes";
import type { PainterState, Tool } from "../image/tools";
import { bodyOf, outerOf, set, state } from "./store";

let painting: Painting | null = null;
let draw: (box: Box) => void = () => undefined;

export const nowPainting = () => painting;

export function setPainter(change: Partial<PainterState>): void {
  set({ painter: { ...state().painter, ...change } });
}

/** Begin with a mask; `onChange` draws a part of it anew. */
export function beginPainting(mask: Mask, onChange: (box: Box) => void): void {
  painting = new Painting(mask);
  draw = onChange;
  setPainter({ steps: 0, leaving: false });
  draw(painting.whole);
}

export function endPainting(): void {
  painting = null;
}

export const redraw = () => painting && draw(painting.whole);

const counted = () => setPainter({ steps: state().painter.steps + 1, leaving: false });

export function changeMask(make: (mask: Mask) => Bytes): void {
  if (!painting) return;
  painting.replace(make(painting.mask));
  draw(painting.whole);
  counted();
}

export function undoStroke(): void {
  const box = painting?.undo();
  if (box) draw(box);
  counted();
}

export function redoStroke(): void {
  const box = painting?.redo();
  if (box) draw(box);
  counted();
}

const SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
export const WIDEST = SIZES.at(-1)!;

export function resizeBrush(by: 1 | -1): void {
  const { size } = state().painter;
  setPainter({ size: (by > 0 ? SIZES.find((one) => one > size) : SIZES.findLast((one) => one < size)) ?? size });
}

// A stroke ----------------------------------------------------------------------------------------------------------

export interface Touch extends Point {
  pressure: number;
}

type Held = Point & { radius: number };

/** Of the stroke that goes on: what it does, where it is, and the corners of a shape. */
let stroke: { tool: Tool; to: number; last: Held; points: Point[] } | null = null;
let lastEnd: Held | null = null;

const held = ({ x, y, pressure }: Touch): Held => ({ x, y, radius: (state().painter.size / 2) * (pressure || 1) });

/** erase: the other button, or the other end of the pen. straight: a line from where the last stroke ended. */
export function press(touch: Touch, erase: boolean, straight: boolean): void {
  const { tool } = state().painter;
  if (!painting || tool === "hand") return;
  stroke = { tool, to: erase !== (tool === "eraser") ? 0 : FULL, last: held(touch), points: [touch] };
  if (tool === "fill") cover(flood(painting.layer, painting.mask, touch));
  else if (tool === "brush" || tool === "eraser") {
    const { hardness } = state().painter;
    if (straight && lastEnd) cover(line(painting.layer, lastEnd, stroke.last, hardness));
    else cover(dab(painting.layer, touch, stroke.last.radius, hardness));
  }
}

export function drag(touches: readonly Touch[]): void {
  if (!painting || !stroke) return;
  for (const touch of touches) {
    const next = held(touch);
    if (stroke.tool === "brush" || stroke.tool === "eraser") cover(line(painting.layer, stroke.last, next, state().painter.hardness));
    else if (stroke.tool === "lasso") stroke.points.push(touch);
    else stroke.points[1] = touch;
    stroke.last = next;
  }
}

export function release(): void {
  if (!painting || !stroke) return;
  const outline = shape();
  if (outline.length > 2) cover(polygon(painting.layer, outline));
  lastEnd = stroke.last;
  stroke = null;
  painting.finish();
  counted();
}

export function abandon(): void {
  if (painting) draw(painting.abandon());
  stroke = null;
}

/** The outline of the lasso or the rectangle that is drawn. */
export function shape(): Point[] {
  const [a, b] = stroke?.points ?? [];
  if (stroke?.tool === "lasso") return stroke.points;
  if (stroke?.tool !== "rectangle" || !a || !b) return [];
  const [left, right] = [Math.floor(Math.min(a.x, b.x)), Math.ceil(Math.max(a.x, b.x))];
  const [top, bottom] = [Math.floor(Math.min(a.y, b.y)), Math.ceil(Math.max(a.y, b.y))];
  return [
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ];
}

function cover(box: Box): void {
  painting!.show(box, stroke!.to, state().painter.opacity);
  draw(box);
}

// The end -----------------------------------------------------------------------------------------------------------

/** Save the mask as an asset, for the input it was painted for; beside an input of pictures it becomes a node. */
export async function applyMask(): Promise<void> {
  const { dialog, catalog } = state();
  if (!painting || !catalog || dialog?.kind !== "mask") return;
  try {
    const asset = await api.upload(new File([await greyPng(painting.mask)], "mask.png", { type: "image/png" }));
    putMask(dialog.place, asset.id);
    set({ dialog: null });
  } catch (error) {
    tellError(error);
  }
}

function putMask(place: FilePlace, asset: string): void {
  const catalog = state().catalog!;
  const body = bodyOf(state());
  if (isMask(body, catalog, place, outerOf(state()))) {
    edit((now) => setValue(now, place.node, place.input, asset));
    return tell(`The mask is the ${place.input} of ${place.node} now`);
  }
  const { x, y } = positionOf(body, place.node) ?? { x: 0, y: 0 };
  edit((now) => {
    const added = addNode(now, "core.load_mask", { x, y: y + 220 }, catalog);
    return setValue(added.body, added.name, "file", asset);
  });
  tell("The mask is a node of its own now: wire it to where a mask is taken");
}

/** Close the painter; what was painted is only let go when that is said twice. */
export function leavePainter(): void {
  const { steps, leaving } = state().painter;
  if (steps > 0 && !leaving) setPainter({ leaving: true });
  else set({ dialog: null });
}
