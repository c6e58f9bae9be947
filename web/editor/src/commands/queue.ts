/** Commands of the queue panel, for the waiting run that has the keyboard. */

import { cancelRun, moveTo, toFront } from "../state/queue";
import { state } from "../state/store";
import type { Command } from "./command";

const within = "queue";
const group = "Run";

/** The run whose row has the keyboard, and its place among those that wait. */
function held(): { id: string; at: number; last: number } | null {
  const id = document.activeElement?.getAttribute("data-run");
  const waiting = state().queue.runs.filter((run) => run.state === "queued");
  const at = waiting.findIndex((run) => run.id === id);
  return id && at >= 0 ? { id, at, last: waiting.length - 1 } : null;
}

const move = (id: string, title: string, keys: string[], place: (at: number, last: number) => number): Command => ({
  id: `queue.${id}`,
  title,
  group,
  within,
  keys,
  run: () => moveTo(held()!.id, place(held()!.at, held()!.last)),
  when: () => held() !== null,
});

export const QUEUE: readonly Command[] = [
  move("earlier", "Move a waiting run earlier", ["Alt+ArrowUp"], (at) => at - 1),
  move("later", "Move a waiting run later", ["Alt+ArrowDown"], (at) => at + 1),
  move("last", "Move a waiting run to the end", ["End"], (_, last) => last),
  { id: "queue.front", title: "Move a waiting run before all others", group, within, keys: ["Home"], run: () => toFront(held()!.id), when: () => held() !== null },
  { id: "queue.drop", title: "Cancel a waiting run", group, within, keys: ["Delete"], run: () => cancelRun(held()!.id), when: () => held() !== null },
];
