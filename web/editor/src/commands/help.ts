/** Commands that help to find the others. */

import { set } from "../state/store";
import type { Command } from "./command";

export const HELP: readonly Command[] = [
  { id: "help.commands", title: "Find a command", group: "Help", keys: ["Ctrl+K"], run: () => set({ dialog: { kind: "commands" } }), always: true },
  { id: "help.keys", title: "Keys and gestures", group: "Help", keys: ["?"], run: () => set({ dialog: { kind: "help" } }) },
];
