/** Right-clicks, long presses and the menu key: what was pointed at is selected, and its menu opens. */

import { flowNodes } from "../state/flow";
import { select, selectedItems } from "../state/document";
import { set, state } from "../state/store";
import { pointAt, pointerPlace } from "./view";

interface Pointed {
  clientX: number;
  clientY: number;
  target: EventTarget | null;
  defaultPrevented: boolean;
  preventDefault: () => void;
}

/** The browser's own menu is for texts; a value's right-click has set it back to its default already. */
const isTaken = (event: Pointed) => event.defaultPrevented || (event.target instanceof Element && event.target.closest("input, textarea, select, a, img") !== null);

function open(event: Pointed, where: "node" | "wire" | "canvas"): void {
  event.preventDefault();
  const at = { x: event.clientX, y: event.clientY };
  pointAt(at);
  set({ dialog: { kind: "menu", where, at } });
}

export function nodeMenu(event: Pointed, id: string): void {
  if (isTaken(event)) return;
  if (!flowNodes().some((node) => node.id === id && node.selected)) select([id]);
  open(event, "node");
}

export function wireMenu(event: Pointed, id: string): void {
  select([]);
  set({ selectedEdges: new Set([id]) });
  open(event, "wire");
}

export function canvasMenu(event: Pointed): void {
  open(event, "canvas");
}

/** The menu of what is selected, for the keyboard. */
export function menuOfSelection(): void {
  const [first] = selectedItems();
  const box = first && document.querySelector(`.react-flow__node[data-id="${CSS.escape(first)}"]`)?.getBoundingClientRect();
  const where = first ? "node" : state().selectedEdges.size > 0 ? "wire" : "canvas";
  set({ dialog: { kind: "menu", where, at: box ? { x: box.left + 24, y: box.top + 24 } : pointerPlace() } });
}
