/** Running: submit, follow the events of every run, show this tab's runs on the nodes, and keep what came of them. */

import { api, ApiError } from "../api/client";
import { listen } from "../api/socket";
import type { Run, RunEvent } from "../api/types";
import { advance, hasEnded, newRun, problemOf, topOf, type RunState } from "../graph/progress";
import { lookAt, ownersOf, yieldOf, type Look } from "../graph/look";
import { highest } from "../graph/order";
import { stepSeeds } from "../graph/seeds";
import { without } from "../graph/edit";
import { announce } from "./announce";
import { heardOfFile } from "./connection";
import { loadModels } from "./models";
import { editWhole } from "./document";
import { tell, tellError } from "./notes";
import { expectation, remember, replan } from "./plan";
import { refreshQueue } from "./queue";
import { isDirty, set, state } from "./store";

const OWN = "graph-engine:runs";
const PREVIEWS = { size: 256, per_second: 5 };
const LAST_ENDED = 20;

let seen = 0;
/** Runs that ended a moment ago: the answer to a submission may come after its run's last event. */
const ended = new Map<string, RunState>();

/** The nodes that runs look at, by the output that those runs have for it. */
const looks = new Map<string, Record<string, string>>();

/** A run of this tab that is followed again after a reload: from event `after` on, as a run of the document `name`. */
interface Own {
  id: string;
  after: number;
  name: string;
}

/** Follow the server from an event on; runs that this tab began before a reload are followed from their beginning. */
export function follow(latest: number): () => void {
  const mine = readOwn().filter((one) => one.after <= latest && one.name === state().name);
  seen = Math.min(latest, ...mine.map((one) => one.after));
  const last = mine.at(-1);
  if (last) set({ own: mine.map((one) => one.id), run: newRun(last.id) });
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
      if (online) refreshQueue();
    },
  });
}

function readOwn(): Own[] {
  const found: unknown = JSON.parse(sessionStorage.getItem(OWN) ?? "[]");
  return Array.isArray(found) ? (found as Own[]) : [];
}

const OF_THE_QUEUE = new Set(["queued", "running", "interrupted", "ended", "moved", "queue"]);

function apply(event: RunEvent): void {
  if (event.type === "workflow") return heardOfFile(event);
  if (event.type === "models") return loadModels();
  if (OF_THE_QUEUE.has(event.type)) refreshQueue();
  const { live, own } = state();
  const id = event.run;
  if (!id) return;
  const old = live[id] ?? (state().run?.id === id ? state().run! : newRun(id, event.title));
  const next = advance(old, event);
  if (event.type === "finished" && event.node && own.includes(id)) remember(event.node, event.seconds ?? 0);
  if (hasEnded(next.state)) {
    set({ live: without(live, [id]) });
    keepEnded(next);
  } else set({ live: { ...live, [id]: next } });
  if (own.includes(id)) showOwn(next, hasEnded(old.state));
}

function keepEnded(run: RunState): void {
  ended.set(run.id, run);
  if (ended.size > LAST_ENDED) ended.delete(ended.keys().next().value!);
}

/** Show a run of this tab that went on: the one that runs comes before those that wait or have ended. */
function showOwn(next: RunState, known: boolean): void {
  const { run } = state();
  if (run?.id === next.id) set({ run: next });
  else if (next.state === "running" && run?.state !== "running") show(next);
  if (!hasEnded(next.state) || known) return;
  void finish(next);
  const { live, own } = state();
  const going = own.map((id) => live[id]).find((one) => one?.state === "running");
  if (going) show(going);
}

function show(run: RunState): void {
  for (const url of Object.values(state().previews)) URL.revokeObjectURL(url);
  set({ run, previews: {} });
}

function showPreview(node: string, picture: Blob): void {
  const { previews } = state();
  if (previews[node]) URL.revokeObjectURL(previews[node]);
  set({ previews: { ...previews, [node]: URL.createObjectURL(picture) } });
}

async function finish(run: RunState): Promise<void> {
  try {
    const detail = await api.readRun(run.id);
    if (!state().own.includes(run.id)) return;
    const owners = looks.get(run.id) ?? ownersOf(state().history.present);
    const { files, values } = yieldOf(owners, detail.outputs ?? {});
    set({ results: onTop(files, state().results), values: onTop(values, state().values) });
    if (detail.state === "failed" && !detail.error?.node) tell(detail.error?.message ?? "The run failed", "error");
    announce(detail);
    void replan();
  } catch (error) {
    tellError(error);
  }
}

/** The newest come first. */
const onTop = <T>(newest: Readonly<Record<string, T>>, old: Readonly<Record<string, T>>) => ({ ...newest, ...without(old, Object.keys(newest)) });

export interface Wanted {
  /** Nodes or outputs to run to; all that the workflow is for when left out. */
  targets?: string[];
  use_cache?: boolean;
  /** Before everything that waits. */
  front?: boolean;
  /** How many runs; as many as the toolbar says when left out. */
  count?: number;
  /** An output to look at, in place of what the workflow is for. */
  look?: Look;
}

let last: Promise<void> = Promise.resolve();

/** Queue runs of the document; a call while another one is on its way comes after it, with the seeds as they are then. */
export function submit(wanted: Wanted = {}): Promise<void> {
  set({ submitting: true });
  const mine = last.then(() => submitAll(wanted));
  last = mine;
  return mine.finally(() => {
    if (last === mine) set({ submitting: false });
  });
}

async function submitAll({ front = false, look, count = look ? 1 : state().batch, ...options }: Wanted): Promise<void> {
  const made: string[] = [];
  try {
    const priority = front ? highest((await api.queue()).runs.filter((run) => run.state === "queued")) : 0;
    for (let index = 0; index < count; index++) {
      made.push(await submitOne(options, priority, look));
      if (!look) editWhole((document) => stepSeeds(document), "seeds");
    }
  } catch (error) {
    refuse(error);
  }
  if (front) for (const id of made.reverse()) await api.moveRun(id, { place: "first" }).catch(() => undefined); // one that runs already is in front
}

async function submitOne(options: { targets?: string[]; use_cache?: boolean }, priority: number, look?: Look): Promise<string> {
  const now = state();
  const after = seen;
  const looking = look && lookAt(now.history.present, look);
  const what = !looking && now.name && !isDirty(now) ? { workflow: now.name } : { document: looking?.document ?? now.history.present };
  const { id, title } = await api.run({ ...what, priority, options: { ...options, previews: PREVIEWS } });
  if (looking) looks.set(id, { [looking.name]: look.node });
  adopt({ id, after, name: now.name }, { id, title }, expectation(look ? [look.node] : options.targets));
  return id;
}

/** From now on a run is this tab's, whatever was told of it already. */
function adopt(own: Own, { id, title }: Pick<Run, "id" | "title">, expected: Record<string, number>): void {
  const { live, run } = state();
  const over = ended.get(id);
  const mine = { ...(over ?? live[id] ?? newRun(id, title)), expected };
  const going = [...readOwn().filter((one) => one.id in live), own];
  sessionStorage.setItem(OWN, JSON.stringify(going));
  set({ own: going.map((one) => one.id), problems: [] });
  if (!over) set({ live: { ...live, [id]: mine } });
  if (!run || hasEnded(run.state) || (run.state === "queued" && mine.state !== "queued")) show(mine);
  if (over) void finish(mine);
}

function refuse(error: unknown): void {
  if (error instanceof ApiError && error.problems.length > 0) {
    set({ problems: error.problems.map(({ message }) => problemOf(message)) });
    tell(`This cannot run yet: ${problemOf(error.problems[0]!.message).message}`, "error");
  } else tellError(error);
}

/** Cancel the run that is shown, or the first of this tab's that waits. */
export async function cancel(): Promise<void> {
  const { run, own, live } = state();
  const id = run && !hasEnded(run.state) ? run.id : own.find((one) => one in live);
  if (!id) return;
  try {
    await api.cancel(id);
  } catch (error) {
    tellError(error);
  }
}
