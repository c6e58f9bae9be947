/** What a run's events say about the nodes of its document. */

import type { RunError, RunEvent, RunStatus } from "../api/types";

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
  title: string;
  /** When it began, in milliseconds since 1970; 0 while it waits. */
  started: number;
  /** How many nodes run and how many are cached, by the plan. */
  toRun: number;
  cached: number;
  seconds: number;
  error: RunError | null;
  warnings: readonly string[];
  nodes: Record<string, NodeRun>;
  /** The nodes that are to run, with the seconds that each took the last time; 0 where nobody knows. */
  expected: Readonly<Record<string, number>>;
}

export function newRun(id: string, title = "", expected: Record<string, number> = {}): RunState {
  return { id, state: "queued", title, started: 0, toRun: 0, cached: 0, seconds: 0, error: null, warnings: [], nodes: {}, expected };
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
      return { ...newRun(run.id, run.title, run.expected), state: "running", started: (event.at ?? 0) * 1000 };
    case "interrupted":
      return { ...run, state: "interrupted" };
    case "plan":
      return { ...run, toRun: event.to_run ?? 0, cached: event.cached ?? 0 };
    case "ended":
      return ended(run, event);
    case "warning":
      return { ...run, warnings: [...run.warnings, event.message ?? ""] };
    default:
      return event.node ? { ...run, nodes: { ...run.nodes, [topOf(event.node)]: advanceNode(run, event) } } : run;
  }
}

function ended(run: RunState, event: RunEvent): RunState {
  const state = event.state ?? "ok";
  const nodes = Object.fromEntries(Object.entries(run.nodes).filter(([, node]) => node.state !== "running"));
  const blamed = event.error?.node ? topOf(event.error.node) : "";
  if (blamed && event.error) nodes[blamed] = { ...blank, ...nodes[blamed], state: "failed", message: event.error.message };
  return { ...run, state, seconds: event.seconds ?? 0, error: event.error ?? null, nodes };
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

/** How much of the run is done, from 0 to 1; a node weighs as much as it took the last time. */
export function fraction(run: RunState): number {
  if (hasEnded(run.state)) return 1;
  const { done, total } = work(run);
  return total > 0 ? Math.min(done / total, 1) : 0;
}

/** How many seconds are left, or null as long as nobody can know. */
export function remaining(run: RunState, now: number): number | null {
  if (run.state !== "running" || run.started === 0) return null;
  const elapsed = Math.max(0, now - run.started) / 1000;
  const { done, total, measured } = work(run);
  const share = total > 0 ? done / total : 0;
  if (share > 0.05 && elapsed > 0.5) return (elapsed * (1 - share)) / share;
  return measured && total > done ? total - done : null;
}

/** The work of a run and what of it is done: in seconds where all its nodes were measured, else in nodes. */
function work({ nodes, expected, toRun }: RunState): { done: number; total: number; measured: boolean } {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(nodes)])].filter((name) => nodes[name]?.state !== "cached");
  const known = names.map((name) => expected[name] ?? 0).filter((seconds) => seconds > 0);
  const usual = known.length > 0 ? known.reduce((sum, one) => sum + one, 0) / known.length : 1;
  let done = 0;
  let total = Math.max(0, toRun - names.length) * usual;
  for (const name of names) {
    const weight = expected[name] || usual;
    total += weight;
    done += weight * shareOf(nodes[name]);
  }
  return { done, total, measured: known.length > 0 && known.length === names.length };
}

function shareOf(node: NodeRun | undefined): number {
  if (!node) return 0;
  return node.state === "running" ? (node.total > 0 ? node.step / node.total : 0) : 1;
}

export interface Problem {
  message: string;
  /** Of the node and the input that are to blame, where the message names them. */
  node: string;
  input: string;
}

const indexes = new WeakMap<readonly Problem[], Map<string, Problem[]>>();
const NONE: readonly Problem[] = [];

/** The problems of a node, found without looking through all of them. */
export function problemsOf(problems: readonly Problem[], node: string): readonly Problem[] {
  let index = indexes.get(problems);
  if (!index) {
    index = new Map();
    for (const one of problems) index.set(one.node, [...(index.get(one.node) ?? []), one]);
    indexes.set(problems, index);
  }
  return index.get(node) ?? NONE;
}

/** Sort the server's sentences by node: `document:1: node 'text': input 'prompt' (text) is missing`. */
export function problemOf(sentence: string): Problem {
  const message = sentence.replace(/^document(:\d+)?: /, "");
  const node = /^node '([^']+)'/.exec(message)?.[1] ?? "";
  const input = /^node '[^']+': input '([^']+)'/.exec(message)?.[1] ?? "";
  return { message: message.replace(/^node '[^']+': /, ""), node: topOf(node), input };
}
