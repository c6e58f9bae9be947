/** Commands that change what is shown. */

import { menuOfSelection } from "../canvas/menus";
import { fitAll, fitSelection, zoomBy, zoomTo } from "../canvas/view";
import { PANELS } from "../panels/names";
import { set, state, type View } from "../state/store";
import { showAs } from "../state/files";
import { toggleTheme } from "../state/settings";
import type { Command } from "./command";

const look = (id: View, title: string, key: string): Command => ({ id: `view.as.${id}`, title, group: "View", keys: [key], run: () => showAs(id), always: true });

export const VIEW: readonly Command[] = [
  { id: "find", title: "Find in the graph", group: "View", keys: ["Ctrl+F"], run: () => set({ dialog: { kind: "find" } }), always: true },
  { id: "menu", title: "Menu of the selection", group: "View", keys: ["Shift+F10", "ContextMenu"], run: menuOfSelection },
  { id: "view.all", title: "Show everything", group: "View", keys: [".", "Home"], run: fitAll },
  { id: "view.selection", title: "Show the selection", group: "View", keys: ["F"], run: fitSelection },
  { id: "view.in", title: "Zoom in", group: "View", keys: ["Alt+="], run: () => zoomBy(1.3) },
  { id: "view.out", title: "Zoom out", group: "View", keys: ["Alt+-"], run: () => zoomBy(1 / 1.3) },
  { id: "view.full", title: "Zoom to 100 %", group: "View", keys: ["Ctrl+0"], run: () => zoomTo(1) },
  ...PANELS.map(({ id, title, keys }): Command => ({ id: `view.${id}`, title: `Show or hide the ${title.toLowerCase()}`, group: "View", keys, run: () => set({ side: state().side === id ? null : id }) })),
  look("canvas", "Show the graph", "Alt+1"),
  look("form", "Show the form", "Alt+2"),
  look("outline", "Show the list of nodes", "Alt+3"),
  { id: "settings", title: "Settings", group: "View", keys: ["Ctrl+,"], run: () => set({ dialog: { kind: "settings" } }), always: true },
  { id: "view.theme", title: "Dark or light", group: "View", keys: [], run: toggleTheme },
];
