/** The tab's title: how far the run is and how long it still takes, whether there are unsaved changes, and the name. */

import { duration } from "../graph/numbers";
import { fraction, hasEnded, remaining } from "../graph/progress";
import { isDirty, state, useEditor, type EditorState } from "./store";

const TICK_MS = 1000;

/** Keep the title; returns how to stop. */
export function keepTitle(): () => void {
  const stop = useEditor.subscribe((now, before) => {
    if (now.run !== before.run || now.history !== before.history || now.name !== before.name || now.saved !== before.saved || now.queue !== before.queue) show();
  });
  const timer = setInterval(() => {
    if (state().run?.state === "running") show();
  }, TICK_MS);
  return () => {
    stop();
    clearInterval(timer);
  };
}

function show(): void {
  const title = titleOf(state(), Date.now());
  if (document.title !== title) document.title = title;
}

export function titleOf(now: EditorState, time: number): string {
  const { run, name, history } = now;
  return `${run ? progressOf(run, time, now.own.filter((id) => now.live[id]?.state === "queued").length) : ""}${isDirty(now) ? "● " : ""}${history.present.title || name || "graph-engine"}`;
}

function progressOf(run: NonNullable<EditorState["run"]>, time: number, waiting: number): string {
  if (run.state === "failed") return "✕ ";
  if (hasEnded(run.state)) return "";
  const left = remaining(run, time);
  const more = waiting > (run.state === "queued" ? 1 : 0) ? ` +${run.state === "queued" ? waiting - 1 : waiting}` : "";
  if (run.state !== "running") return `waiting${more} · `;
  return `${Math.round(fraction(run) * 100)} %${left === null ? "" : ` ${duration(left)} left`}${more} · `;
}
