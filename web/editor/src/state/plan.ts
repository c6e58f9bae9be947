/** The plan: what a run would do now, and what is in its way; asked for again after every change. */

import { api, ApiError } from "../api/client";
import { along } from "../graph/edges";
import { problemOf } from "../graph/progress";
import { set, state } from "./store";

let asked = 0;

export async function replan(): Promise<void> {
  const number = ++asked;
  const { history, catalog } = state();
  if (!catalog || Object.keys(history.present.nodes).length === 0) return set({ plan: {}, problems: [] });
  try {
    const { nodes, problems } = await api.plan(history.present);
    if (number === asked) set({ plan: nodes, problems: problems.map(({ message }) => problemOf(message)) });
  } catch (error) {
    if (number !== asked || !(error instanceof ApiError) || error.status === 0) return;
    set({ plan: {}, problems: [problemOf(error.message)] });
  }
}

/** Seconds that nodes took, by name, as far as this tab saw them run. */
const taken: Record<string, number> = {};

export function remember(node: string, seconds: number): void {
  taken[node] = seconds;
}

/** The nodes that a run to some targets would run by the plan, with the seconds that each took the last time. */
export function expectation(targets: readonly string[] = []): Record<string, number> {
  const { plan, history } = state();
  const wanted = targets.length > 0 ? along(history.present, nodesOf(targets), "up") : null;
  const names = Object.keys(plan).filter((name) => (plan[name]!.state === "run" || plan[name]!.state === "later") && (!wanted || wanted.has(name)));
  return Object.fromEntries(names.map((name) => [name, taken[name] ?? 0]));
}

/** The nodes that are meant by names of nodes and of outputs. */
function nodesOf(targets: readonly string[]): string[] {
  const { outputs } = state().history.present;
  return targets.map((target) => outputs?.[target]?.split(/[.[]/)[0] ?? target);
}
