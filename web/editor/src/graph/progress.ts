/** What a run's events say about the nodes of its document. */

import type { RunEvent, RunStatus } from "../api/types";

export interface NodeRun {
  state: "running" | "done" | "cached" | "failed";
  step: number;
  total: number;
  seconds: number;
  /** memory or disk, for one that is cached. */
  source: string;
  message: string;
}

export interface RunState {
  id: string;
  state: RunStatus;
  /** How many nodes run and how many are cached, by the plan. */
  toRun: number;
  cached: number;
  seconds: number;
  message: string;
  nodes: Record<string, NodeRun>;
}

export function newRun(id: string): RunState {
  return { id, state: "queued", toRun: 0, cached: 0, seconds: 0, message: "", nodes: {} };
}

export const hasEnded = (state: RunStatus) => state === "ok" || state === "failed" || state === "cancelled";

/** The node of the document that an event is about: `row[2]/guide` is inside of `row`. */
export const topOf = (node: string) => node.split(/[[/]/)[0]!;

export function advance(run: RunState, event: RunEvent): RunState {
  if (event.run !== run.id) return run;
  switch (event.type) {
    case "queued":
      return run;
    case "running":
      return { ...newRun(run.id), state: "running" };
    case "interrupted":
      return { ...run, state: "interrupted" };
    case "plan":
      return { ...run, toRun: event.to_run ?? 0, cached: event.cached ?? 0 };
    case "ended":
      return ended(run, event);
    default:
      return event.node ? { ...run, nodes: { ...run.nodes, [topOf(event.node)]: advanceNode(run, event) } } : run;
  }
}

function ended(run: RunState, event: RunEvent): RunState {
  const state = event.state ?? "ok";
  const nodes = Object.fromEntries(Object.entries(run.nodes).filter(([, node]) => node.state !== "running"));
  const blamed = event.error?.node ? topOf(event.error.node) : "";
  if (blamed && event.error) nodes[blamed] = { ...blank, ...nodes[blamed], state: "failed", message: event.error.message };
  return { ...run, state, seconds: event.seconds ?? 0, message: event.error?.message ?? "", nodes };
}

const blank: NodeRun = { state: "running", step: 0, total: 0, seconds: 0, source: "", message: "" };

function advanceNode(run: RunState, event: RunEvent): NodeRun {
  const inside = topOf(event.node!) !== event.node;
  const old = run.nodes[topOf(event.node!)] ?? blank;
  switch (event.type) {
    case "progress":
      return { ...old, state: "running", step: event.step ?? 0, total: event.total ?? 0 };
    case "finished":
      if (inside) return { ...old, seconds: old.seconds + (event.seconds ?? 0) };
      return { ...old, state: "done", seconds: Math.max(old.seconds, event.seconds ?? 0) };
    case "cached":
      return inside ? old : { ...old, state: "cached", source: event.source ?? "" };
    case "failed":
      return { ...old, state: "failed", message: event.message ?? "" };
    default:
      return { ...old, state: "running" };
  }
}

/** How much of the run is done, from 0 to 1. */
export function fraction(run: RunState): number {
  if (hasEnded(run.state)) return 1;
  const total = run.toRun + run.cached;
  if (total === 0) return 0;
  const done = Object.values(run.nodes).reduce((sum, { state, step, total: steps }) => {
    return sum + (state === "running" ? (steps > 0 ? step / steps : 0) : 1);
  }, 0);
  return Math.min(done / total, 1);
}

export interface Problem {
  message: string;
  /** Of the node and the input that are to blame, where the message names them. */
  node: string;
  input: string;
}

/** Sort the server's sentences by node: `document:1: node 'text': input 'prompt' (text) is missing`. */
export function problemOf(sentence: string): Problem {
  const message = sentence.replace(/^document(:\d+)?: /, "");
  const node = /^node '([^']+)'/.exec(message)?.[1] ?? "";
  const input = /^node '[^']+': input '([^']+)'/.exec(message)?.[1] ?? "";
  return { message: message.replace(/^node '[^']+': /, ""), node: topOf(node), input };
}
