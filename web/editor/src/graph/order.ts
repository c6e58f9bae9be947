/** The order of runs that wait, and what the server is told to change it. */

import type { Move } from "../api/client";
import type { Run } from "../api/types";

export const highest = (runs: readonly Run[]) => Math.max(0, ...runs.map((run) => run.priority));

/** What the server is told so that a run comes to lie at a place among the waiting ones; null when it lies there. */
export function placeAt(runs: readonly Run[], run: string, at: number): Move | null {
  const waiting = runs.filter((one) => one.state === "queued");
  const from = waiting.findIndex((one) => one.id === run);
  const to = Math.max(0, Math.min(at, waiting.length - 1));
  if (from < 0 || from === to) return null;
  const others = waiting.filter((one) => one.id !== run);
  const before = others[to];
  if (before) return { priority: before.priority, before: before.id };
  return { priority: others.at(-1)!.priority, place: "last" };
}
