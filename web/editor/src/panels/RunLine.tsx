import type { ReactNode } from "react";
import type { Run, RunStatus } from "../api/types";
import { duration } from "../graph/numbers";

const SIGNS: Record<RunStatus, [sign: string, word: string]> = {
  queued: ["◷", "waits"],
  running: ["▶", "runs"],
  interrupted: ["❚❚", "interrupted"],
  ok: ["✓", "done"],
  failed: ["✕", "failed"],
  cancelled: ["⊘", "cancelled"],
};

/** One line for a run: what became of it, its title, when and how long, and what can be done with it. */
export function RunLine({ run, picture, children }: { run: Run; picture?: string; children?: ReactNode }) {
  const [sign, word] = SIGNS[run.state];
  const took = run.started && run.finished ? ` in ${duration(run.finished - run.started)}` : "";
  return (
    <>
      <p className="run-line">
        <span className={`run-state ${run.state}`} aria-hidden="true">
          {sign}
        </span>
        {picture && <img className="run-picture" src={picture} alt="" loading="lazy" />}
        <span className="what" title={run.title}>
          {run.title}
        </span>
        {children}
      </p>
      <small>
        {word}
        {took} · #{run.seq} · {when(run.finished ?? run.started ?? run.created)}
        {run.priority !== 0 && ` · priority ${run.priority}`}
        {run.attempts > 1 && ` · attempt ${run.attempts}`}
      </small>
      {run.error && <p className="error">{run.error.message}</p>}
    </>
  );
}

/** The time of today's, the day and the time of others. */
function when(seconds: number): string {
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}
