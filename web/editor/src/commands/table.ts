/** Every action by name: its keys, the command palette, the help sheet and the page in docs/ come from this table. */

import type { Command } from "./command";
import { ARRANGE } from "./arrange";
import { EDIT } from "./edit";
import { FILE } from "./file";
import { HELP } from "./help";
import { MASK } from "./mask";
import { PICTURES } from "./pictures";
import { QUEUE } from "./queue";
import { RUN } from "./run";
import { SUBGRAPH } from "./subgraph";
import { VIEW } from "./view";
import { WIRE } from "./wire";

export type { Command } from "./command";

export const COMMANDS: readonly Command[] = [...RUN, ...QUEUE, ...EDIT, ...WIRE, ...ARRANGE, ...SUBGRAPH, ...VIEW, ...FILE, ...PICTURES, ...MASK, ...HELP];

export const canRun = (command: Command) => command.when?.() ?? true;

export function command(id: string): Command {
  return COMMANDS.find((one) => one.id === id)!;
}
