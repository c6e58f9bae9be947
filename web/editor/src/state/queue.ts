/** The server's queue: what runs and waits, whoever began it, and what can be done with it. */

import { api } from "../api/client";
import { highest, placeAt } from "../graph/order";
import { tell, tellError } from "./notes";
import { set, state } from "./store";

const PATIENCE_MS = 250;

let timer: ReturnType<typeof setTimeout> | undefined;

/** Ask for the queue a moment later; several wishes in that moment are one. */
export function refreshQueue(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    api.queue().then((queue) => set({ queue }), () => undefined);
  }, PATIENCE_MS);
}

/** Do something with the queue, and show it as it is then. */
async function change(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    set({ queue: await api.queue() });
  } catch (error) {
    tellError(error);
    refreshQueue();
  }
}

export const pauseQueue = (paused: boolean) => change(() => api.pause(paused));
export const cancelRun = (id: string) => change(() => api.cancel(id));
export const resumeRun = (id: string) => change(() => api.resume(id));

export const retryRun = (id: string) =>
  change(async () => {
    const { title } = await api.retry(id);
    tell(`${title} is queued again`);
  });

export const cancelEverything = () =>
  change(async () => {
    const { cancelled } = await api.cancelAll();
    tell(cancelled === 1 ? "One run was cancelled" : `${cancelled} runs were cancelled`);
  });

/** Put a waiting run where another one is: `at` counts the waiting ones. */
export function moveTo(run: string, at: number): Promise<void> {
  const move = placeAt(state().queue.runs, run, at);
  return move ? change(() => api.moveRun(run, move)) : Promise.resolve();
}

/** The front is before every waiting run, whatever its priority. */
export async function toFront(run: string): Promise<void> {
  const waiting = state().queue.runs.filter((one) => one.state === "queued" && one.id !== run);
  await change(() => api.moveRun(run, { priority: highest(waiting), place: "first" }));
}
