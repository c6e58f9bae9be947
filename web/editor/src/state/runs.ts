/** Running: submit, follow the events, keep what came of it; and the plan, which says before a run what it would do. */

import { api, ApiError } from "../api/client";
import { listen } from "../api/socket";
import type { OutputFile, RunEvent } from "../api/types";
import type { Workflow } from "../graph/document";
import { advance, hasEnded, newRun, problemOf, topOf } from "../graph/progress";
import { tell, tellError } from "./notes";
import { isDirty, set, state } from "./store";

const CURRENT = "graph-engine:run";
const PREVIEWS = { size: 256, per_second: 5 };

let seen = 0;
/** Events that came while a run was submitted: they may be of that run, whose id the answer is still to tell. */
let early: RunEvent[] | null = null;

/** Follow the server from an event on; a run that this tab began before a reload is followed from its beginning. */
export function follow(latest: number): () => void {
  const last = JSON.parse(sessionStorage.getItem(CURRENT) ?? "null") as { id: string; after: number } | null;
  seen = latest;
  if (last && last.after <= latest) {
    set({ run: newRun(last.id) });
    seen = last.after;
  }
  return listen(seen, {
    event: (event) => {
      seen = event.seq;
      apply(event);
    },
    preview: ({ header, picture }) => {
      if (header.run === state().run?.id) showPreview(topOf(header.node), new Blob([picture.slice()], { type: `image/${header.format}` }));
    },
    connected: (online) => {
      set({ online });
    },
  });
}

function apply(event: RunEvent): void {
  early?.push(event);
  const { run } = state();
  if (!run || event.run !== run.id) return;
  const next = advance(run, event);
  set({ run: next });
  if (!hasEnded(run.state) && hasEnded(next.state)) void finish(next.id);
}

function showPreview(node: string, picture: Blob): void {
  const { previews } = state();
  if (previews[node]) URL.revokeObjectURL(previews[node]);
  set({ previews: { ...previews, [node]: URL.createObjectURL(picture) } });
}

async function finish(id: string): Promise<void> {
  try {
    const detail = await api.readRun(id);
    const { run, history } = state();
    if (run?.id !== id) return;
    set({ results: { ...state().results, ...resultsOf(history.present, detail.outputs ?? {}) } });
    if (detail.state === "failed" && !detail.error?.node) tell(detail.error?.message ?? "The run failed", "error");
    void replan();
  } catch (error) {
    tellError(error);
  }
}

/** The files that a run wrote, by the node that wrote them. */
export function resultsOf(document: Workflow, outputs: Record<string, unknown>): Record<string, OutputFile[]> {
  const found: Record<string, OutputFile[]> = {};
  for (const [name, value] of Object.entries(outputs)) {
    const node = document.outputs?.[name]?.split(/[.[]/)[0];
    const files = Array.isArray(value) ? value.flat(4).filter(isFile) : [];
    if (node && files.length > 0) found[node] = files;
  }
  return found;
}

function isFile(value: unknown): value is OutputFile {
  return typeof value === "object" && value !== null && "url" in value && "name" in value;
}

export async function submit(options: { targets?: string[]; use_cache?: boolean } = {}): Promise<void> {
  const now = state();
  if (now.submitting || (now.run && !hasEnded(now.run.state))) return tell("A run is going on; Esc in the toolbar or Ctrl+Alt+Enter cancels it");
  set({ submitting: true });
  const after = seen;
  early = [];
  try {
    const what = now.name && !isDirty(now) ? { workflow: now.name } : { document: now.history.present };
    const detail = await api.run({ ...what, options: { ...options, previews: PREVIEWS } });
    sessionStorage.setItem(CURRENT, JSON.stringify({ id: detail.id, after }));
    for (const url of Object.values(state().previews)) URL.revokeObjectURL(url);
    set({ run: newRun(detail.id), previews: {}, problems: [] });
    const missed = early;
    early = null;
    for (const event of missed) apply(event);
  } catch (error) {
    refuse(error);
  } finally {
    early = null;
    set({ submitting: false });
  }
}

function refuse(error: unknown): void {
  if (error instanceof ApiError && error.problems.length > 0) {
    set({ problems: error.problems.map(({ message }) => problemOf(message)) });
    tell(`This cannot run yet: ${problemOf(error.problems[0]!.message).message}`, "error");
  } else tellError(error);
}

export async function cancel(): Promise<void> {
  const { run } = state();
  if (!run || hasEnded(run.state)) return;
  try {
    await api.cancel(run.id);
  } catch (error) {
    tellError(error);
  }
}

let asked = 0;

/** Ask the server what a run would do now, and what is wrong. */
export async function replan(): Promise<void> {
  const number = ++asked;
  const { history, catalog } = state();
  if (!catalog || Object.keys(history.present.nodes).length === 0) return set({ plan: {}, problems: [] });
  try {
    const plan = await api.plan(history.present);
    if (number === asked) set({ plan: plan.nodes, problems: [] });
  } catch (error) {
    if (number !== asked || !(error instanceof ApiError) || error.status === 0) return;
    const problems = error.problems.length > 0 ? error.problems : [{ message: error.message }];
    set({ plan: {}, problems: problems.map(({ message }) => problemOf(message)) });
  }
}
