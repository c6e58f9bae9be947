/** Commands that change the document, and that select what they change. */

import { pointerPlace } from "../canvas/view";
import { along } from "../graph/edges";
import * as doc from "../state/document";
import { tell } from "../state/notes";
import { leaveSubgraph } from "../state/subgraphs";
import { bodyOf, set, state } from "../state/store";
import type { Command } from "./command";

const some = () => doc.selectedItems().length > 0;
const somethingChosen = () => some() || state().selectedEdges.size > 0;

async function copy(): Promise<void> {
  const text = doc.copySelected();
  if (text) await navigator.clipboard.writeText(text);
}

async function pasteHere(): Promise<void> {
  const text = await navigator.clipboard.readText();
  if (!doc.pasteText(text, null)) tell("There is no workflow on the clipboard");
}

function openPalette(): void {
  set({ dialog: { kind: "palette", at: pointerPlace(), wire: null } });
}

/** Esc lets go of one thing at a time: a wire, the selection, the subgraph. */
function leaveOff(): unknown {
  if (state().wire) return set({ wire: null, fitting: null });
  if (doc.selectedItems().length > 0 || state().selectedEdges.size > 0) return doc.select([]);
  return state().path.length > 0 ? leaveSubgraph() : undefined;
}

function extend(way: "up" | "down"): void {
  doc.select(along(bodyOf(state()), doc.selectedNodes(), way));
}

export const EDIT: readonly Command[] = [
  { id: "node.add", title: "Add a node", group: "Edit", keys: ["Space", "Shift+A"], run: openPalette },
  { id: "undo", title: "Undo", group: "Edit", keys: ["Ctrl+Z"], run: doc.undo, when: () => state().history.past.length > 0 },
  { id: "redo", title: "Redo", group: "Edit", keys: ["Ctrl+Shift+Z", "Ctrl+Y"], run: doc.redo, when: () => state().history.future.length > 0 },
  { id: "copy", title: "Copy", group: "Edit", keys: ["Ctrl+C"], run: copy, when: some, native: true },
  { id: "cut", title: "Cut", group: "Edit", keys: ["Ctrl+X"], run: () => copy().then(doc.removeSelected), when: some, native: true },
  { id: "paste", title: "Paste", group: "Edit", keys: ["Ctrl+V"], run: pasteHere, native: true },
  { id: "paste.wired", title: "Paste with the wires that came in", group: "Edit", keys: ["Ctrl+Shift+V"], run: pasteHere, native: true },
  { id: "duplicate", title: "Duplicate", group: "Edit", keys: ["Ctrl+D"], run: () => doc.duplicate(false), when: some },
  { id: "duplicate.wired", title: "Duplicate with the wires that come in", group: "Edit", keys: ["Ctrl+Shift+D"], run: () => doc.duplicate(true), when: some },
  { id: "delete", title: "Delete", group: "Edit", keys: ["Delete", "Backspace"], run: doc.removeSelected, when: somethingChosen },
  { id: "dissolve", title: "Delete and keep the chain", group: "Edit", keys: ["Ctrl+Delete"], run: doc.dissolveSelected, when: () => doc.selectedNodes().length > 0 },
  { id: "tidy", title: "Tidy up (the selection, or everything)", group: "Arrange", keys: ["L"], run: doc.tidy },
  { id: "select.all", title: "Select all", group: "Select", keys: ["Ctrl+A"], run: doc.selectAll },
  { id: "select.none", title: "Select nothing", group: "Select", keys: ["Esc"], run: leaveOff },
  { id: "select.invert", title: "Invert the selection", group: "Select", keys: ["Ctrl+I"], run: doc.invertSelection },
  { id: "select.before", title: "Select what comes before", group: "Select", keys: ["Alt+Shift+ArrowLeft"], run: () => extend("up"), when: some },
  { id: "select.after", title: "Select what comes after", group: "Select", keys: ["Alt+Shift+ArrowRight"], run: () => extend("down"), when: some },
];
