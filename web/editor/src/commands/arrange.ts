/** Commands that arrange the canvas: frames, notes, colours, collapsing, lines. */

import { onCanvas, pointerPlace } from "../canvas/view";
import { align, distribute, type Edge } from "../graph/align";
import { INPUTS } from "../graph/document";
import { place } from "../graph/edit";
import { toggleLook, toggleMode } from "../graph/looks";
import { addThing, frameAround, type Layer, type Thing } from "../graph/things";
import { boxesOf, edit, select, selectedItems, selectedNodes } from "../state/document";
import { bodyOf, set, state } from "../state/store";
import type { Command } from "./command";

const real = () => selectedNodes().filter((name) => name !== INPUTS);
const items = () => selectedItems().length > 0;
const several = () => selectedItems().length > 1;

/** Add a frame or a note, and let its words be typed. */
function add(layer: Layer, thing: Thing): void {
  const added = addThing(bodyOf(state()), layer, thing);
  edit(() => added.body);
  select([added.id]);
  set({ renaming: added.id });
}

function addFrame(): void {
  const boxes = [...boxesOf(selectedItems()).values()];
  const { x, y } = onCanvas(pointerPlace());
  add("$frames", { title: "Frame", ...frameAround(boxes.length > 0 ? boxes : [{ x, y, width: 360, height: 240 }]) });
}

function addNote(): void {
  const { x, y } = onCanvas(pointerPlace());
  add("$notes", { text: "", at: [Math.round(x), Math.round(y)], size: [260, 160] });
}

const line = (edge: Edge) => () => edit((body) => place(body, align(boxesOf(selectedItems()), edge)));
const spread = (way: "across" | "down") => () => edit((body) => place(body, distribute(boxesOf(selectedItems()), way)));
const mode = (one: "mute" | "bypass") => () => edit((body) => toggleMode(body, real(), one));

export const ARRANGE: readonly Command[] = [
  { id: "frame.add", title: "Put a frame around the selection", group: "Arrange", keys: ["Ctrl+G"], run: addFrame },
  { id: "note.add", title: "Add a note", group: "Arrange", keys: ["Shift+N"], run: addNote },
  { id: "color", title: "Colour", group: "Arrange", keys: ["C"], run: () => set({ dialog: { kind: "color" } }), when: items },
  { id: "collapse", title: "Collapse or open", group: "Arrange", keys: ["Alt+C"], run: () => edit((body) => toggleLook(body, selectedNodes(), "collapsed")), when: () => selectedNodes().length > 0 },
  { id: "pin", title: "Pin where it is, or let go", group: "Arrange", keys: ["P"], run: () => edit((body) => toggleLook(body, selectedNodes(), "pinned")), when: () => selectedNodes().length > 0 },
  { id: "mute", title: "Mute: what needs it does not run", group: "Edit", keys: ["Ctrl+M"], run: mode("mute"), when: () => real().length > 0 },
  { id: "bypass", title: "Bypass: pass on what comes in", group: "Edit", keys: ["Ctrl+B"], run: mode("bypass"), when: () => real().length > 0 },
  { id: "align.left", title: "Align left edges", group: "Arrange", keys: ["Shift+ArrowLeft"], run: line("left"), when: several },
  { id: "align.right", title: "Align right edges", group: "Arrange", keys: ["Shift+ArrowRight"], run: line("right"), when: several },
  { id: "align.top", title: "Align upper edges", group: "Arrange", keys: ["Shift+ArrowUp"], run: line("top"), when: several },
  { id: "align.bottom", title: "Align lower edges", group: "Arrange", keys: ["Shift+ArrowDown"], run: line("bottom"), when: several },
  { id: "spread.across", title: "Spread evenly, left to right", group: "Arrange", keys: ["Ctrl+Shift+ArrowRight"], run: spread("across"), when: several },
  { id: "spread.down", title: "Spread evenly, top to bottom", group: "Arrange", keys: ["Ctrl+Shift+ArrowDown"], run: spread("down"), when: several },
];
