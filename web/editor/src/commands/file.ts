/** Commands on saved workflows. */

import { openUnsaved, save } from "../state/files";
import { copyLink, exportJson, exportPicture, exportYaml } from "../state/share";
import { set, state } from "../state/store";
import type { Command } from "./command";

export const FILE: readonly Command[] = [
  { id: "file.open", title: "Open a workflow", group: "File", keys: ["Ctrl+O"], run: () => set({ dialog: { kind: "start" } }), always: true },
  { id: "file.save", title: "Save", group: "File", keys: ["Ctrl+S"], run: save, always: true },
  { id: "file.saveAs", title: "Save under another name", group: "File", keys: ["Ctrl+Shift+S"], run: () => set({ dialog: { kind: "save" } }), always: true },
  { id: "file.versions", title: "Earlier versions and drafts", group: "File", keys: [], run: () => set({ dialog: { kind: "revisions" } }) },
  { id: "file.link", title: "Copy the link to this workflow", group: "File", keys: [], run: () => copyLink(state().name, state().view), when: () => state().name !== "" },
  { id: "file.share", title: "Share and export", group: "File", keys: ["Ctrl+E"], run: () => set({ dialog: { kind: "share" } }), always: true },
  { id: "file.yaml", title: "Export as YAML", group: "File", keys: [], run: exportYaml },
  { id: "file.json", title: "Export as JSON", group: "File", keys: [], run: exportJson },
  { id: "file.picture", title: "Export as a picture with the workflow inside", group: "File", keys: [], run: exportPicture },
  { id: "file.new", title: "New, empty workflow", group: "File", keys: [], run: () => openUnsaved() },
];
