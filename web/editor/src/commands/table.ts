/** Every action by name: its keys, the command palette, the help sheet and the page in docs/ come from this table. */

import { fitAll, fitSelection, pointerPlace, zoomBy, zoomTo } from "../canvas/view";
import { along } from "../graph/edges";
import { hasEnded } from "../graph/progress";
import * as doc from "../state/document";
import { openUnsaved, save } from "../state/files";
import { tell } from "../state/notes";
import { cancel, submit } from "../state/runs";
import { bodyOf, set, state } from "../state/store";
import { toggleTheme } from "../state/theme";

export interface Command {
  id: string;
  title: string;
  group: "Run" | "Edit" | "Select" | "View" | "File" | "Help";
  keys: readonly string[];
  run: () => unknown;
  /** Whether it can be done now; left out for what always can. */
  when?: () => boolean;
  /** Also while a text is typed. */
  always?: boolean;
  /** The browser's own event does it (copy, cut, paste); the keys are for the help sheet alone. */
  native?: boolean;
}

const running = () => {
  const { run } = state();
  return run !== null && !hasEnded(run.state);
};
const some = () => doc.selectedNodes().length > 0;
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

function extend(way: "up" | "down"): void {
  doc.select(along(bodyOf(state()), doc.selectedNodes(), way));
}

export const COMMANDS: readonly Command[] = [
  { id: "run", title: "Run", group: "Run", keys: ["Ctrl+Enter"], run: () => submit(), when: () => !running(), always: true },
  { id: "run.here", title: "Run to the selected nodes", group: "Run", keys: ["Alt+Enter"], run: () => submit({ targets: doc.selectedNodes() }), when: () => some() && !running() && state().path.length === 0 },
  { id: "run.fresh", title: "Run without the cache", group: "Run", keys: [], run: () => submit({ use_cache: false }), when: () => !running() },
  { id: "run.cancel", title: "Cancel the run", group: "Run", keys: ["Ctrl+Alt+Enter"], run: cancel, when: running, always: true },

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
  { id: "dissolve", title: "Delete and keep the chain", group: "Edit", keys: ["Ctrl+Delete"], run: doc.dissolveSelected, when: some },
  { id: "tidy", title: "Tidy up (the selection, or everything)", group: "Edit", keys: ["L"], run: doc.tidy },

  { id: "select.all", title: "Select all", group: "Select", keys: ["Ctrl+A"], run: doc.selectAll },
  { id: "select.none", title: "Select nothing", group: "Select", keys: ["Esc"], run: () => doc.select([]) },
  { id: "select.invert", title: "Invert the selection", group: "Select", keys: ["Ctrl+I"], run: doc.invertSelection },
  { id: "select.before", title: "Select what comes before", group: "Select", keys: ["Alt+Shift+ArrowLeft"], run: () => extend("up"), when: some },
  { id: "select.after", title: "Select what comes after", group: "Select", keys: ["Alt+Shift+ArrowRight"], run: () => extend("down"), when: some },

  { id: "view.all", title: "Show everything", group: "View", keys: [".", "Home"], run: fitAll },
  { id: "view.selection", title: "Show the selection", group: "View", keys: ["F"], run: fitSelection },
  { id: "view.in", title: "Zoom in", group: "View", keys: ["Alt+="], run: () => zoomBy(1.3) },
  { id: "view.out", title: "Zoom out", group: "View", keys: ["Alt+-"], run: () => zoomBy(1 / 1.3) },
  { id: "view.full", title: "Zoom to 100 %", group: "View", keys: ["Ctrl+0"], run: () => zoomTo(1) },
  { id: "view.result", title: "Show or hide the result", group: "View", keys: ["R"], run: () => set({ side: state().side === "result" ? null : "result" }) },
  { id: "view.gallery", title: "Show or hide the gallery", group: "View", keys: ["G"], run: () => set({ side: state().side === "gallery" ? null : "gallery" }) },
  { id: "view.theme", title: "Dark or light", group: "View", keys: [], run: toggleTheme },
  { id: "subgraph.leave", title: "Leave the subgraph", group: "View", keys: ["Alt+ArrowUp"], run: () => doc.enter(state().path.slice(0, -1)), when: () => state().path.length > 0 },

  { id: "file.open", title: "Open a workflow", group: "File", keys: ["Ctrl+O"], run: () => set({ dialog: { kind: "start" } }), always: true },
  { id: "file.save", title: "Save", group: "File", keys: ["Ctrl+S"], run: save, always: true },
  { id: "file.saveAs", title: "Save under another name", group: "File", keys: ["Ctrl+Shift+S"], run: () => set({ dialog: { kind: "save" } }), always: true },
  { id: "file.new", title: "New, empty workflow", group: "File", keys: [], run: () => openUnsaved() },

  { id: "help.commands", title: "Find a command", group: "Help", keys: ["Ctrl+K"], run: () => set({ dialog: { kind: "commands" } }), always: true },
  { id: "help.keys", title: "Keys and gestures", group: "Help", keys: ["?"], run: () => set({ dialog: { kind: "help" } }) },
];

export const canRun = (command: Command) => command.when?.() ?? true;

export function command(id: string): Command {
  return COMMANDS.find((one) => one.id === id)!;
}

/** What is done with the pointer, for the help sheet and the page in docs/. */
export const GESTURES: readonly [string, string][] = [
  ["Drag on empty canvas, or with the middle button", "Pan"],
  ["Wheel, pinch", "Zoom at the pointer"],
  ["Shift+drag", "Select with a box"],
  ["Ctrl+click", "Add to or remove from the selection"],
  ["Double-click on empty canvas", "Add a node"],
  ["Drag from a port", "Draw a wire; only ports where it fits light up"],
  ["Drop a wire on empty canvas", "Add a node that fits, wired"],
  ["Drop a wire on a node", "Wire its first fitting port"],
  ["Drag the end of a wire", "Move it; dropped on empty canvas it is deleted"],
  ["Alt+click on a port", "Delete its wires"],
  ["Double-click on a wire", "Add a node into it"],
  ["Drop a node on a wire", "Put it into the wire (hold Alt to avoid it)"],
  ["Double-click on a title", "Rename"],
  ["Drag on a number", "Change it; Shift fine, Ctrl coarse"],
  ["Right-click on a value", "Back to its default"],
  ["Drop a file on the canvas", "Open a workflow (JSON, YAML), or add a picture as a node"],
];
