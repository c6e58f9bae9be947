import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { api } from "../api/client";
import type { Run } from "../api/types";
import { duration } from "../graph/numbers";
import { fraction, remaining } from "../graph/progress";
import { cancelEverything, cancelRun, moveTo, pauseQueue, refreshQueue, resumeRun, retryRun, toFront } from "../state/queue";
import { tellError } from "../state/notes";
import { useEditor } from "../state/store";
import { RunLine } from "./RunLine";

const LATELY = 8;

/** What runs and what waits on the server, in order: moved by dragging or by keys, paused, cancelled; and what ended lately. */
export function Queue() {
  const queue = useEditor((now) => now.queue);
  useEffect(refreshQueue, []);
  const waiting = queue.runs.filter((run) => run.state === "queued");
  const list = useRef<HTMLOListElement>(null);
  const held = useRef("");
  // A row that is moved loses the keyboard when the list is drawn anew.
  useLayoutEffect(() => {
    if (held.current && document.activeElement === document.body) list.current?.querySelector<HTMLElement>(`[data-run="${held.current}"]`)?.focus();
  }, [queue.runs]);
  return (
    <>
      <p className="queue-tools">
        <button type="button" aria-pressed={queue.paused} onClick={() => void pauseQueue(!queue.paused)}>
          {queue.paused ? "▶ Go on" : "❚❚ Pause"}
        </button>
        <button type="button" disabled={queue.runs.length === 0} onClick={() => void cancelEverything()}>
          Cancel all
        </button>
      </p>
      {queue.paused && <p className="paused">Paused: nothing that waits is begun.</p>}
      <ol
        className="runs"
        data-scope="queue"
        aria-label="Runs that go on or wait"
        ref={list}
        onFocus={(event) => {
          held.current = (event.target as HTMLElement).dataset.run ?? "";
        }}
        onBlur={(event) => {
          if (event.relatedTarget) held.current = "";
        }}
      >
        {queue.runs.map((run) => (
          <Waiting key={run.id} run={run} at={waiting.indexOf(run)} last={waiting.length - 1} />
        ))}
      </ol>
      {queue.runs.length === 0 && <p className="nothing">Nothing runs and nothing waits.</p>}
      {queue.waiting > waiting.length && <p className="nothing">... and {queue.waiting - waiting.length} more</p>}
      <Lately ended={queue.runs} />
    </>
  );
}

/** One run of the queue; `at` is its place among the waiting ones, -1 for one that does not wait. */
function Waiting({ run, at, last }: { run: Run; at: number; last: number }) {
  const [over, setOver] = useState(false);
  const movable = at >= 0;

  return (
    <li
      data-run={run.id}
      className={over ? "over" : ""}
      tabIndex={movable ? 0 : undefined}
      draggable={movable}
      aria-label={movable ? `${run.title}, number ${at + 1} of those that wait; Alt and arrow keys move it, Delete cancels it` : undefined}
      onDragStart={(event) => event.dataTransfer.setData("application/x-run", run.id)}
      onDragOver={(event) => {
        if (!movable || !event.dataTransfer.types.includes("application/x-run")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void moveTo(event.dataTransfer.getData("application/x-run"), at);
      }}
    >
      <RunLine run={run}>
        {movable && (
          <>
            <button type="button" className="small" aria-label={`Earlier: ${run.title}`} title="Earlier (Alt+↑)" disabled={at === 0} onClick={() => void moveTo(run.id, at - 1)}>
              ↑
            </button>
            <button type="button" className="small" aria-label={`Later: ${run.title}`} title="Later (Alt+↓)" disabled={at === last} onClick={() => void moveTo(run.id, at + 1)}>
              ↓
            </button>
            <button type="button" className="small" aria-label={`To the front: ${run.title}`} title="Before everything that waits" onClick={() => void toFront(run.id)}>
              ⤒
            </button>
          </>
        )}
        {run.state === "interrupted" && (
          <button type="button" className="small" aria-label={`Let go on: ${run.title}`} title="The server ended while it ran; let it go on" onClick={() => void resumeRun(run.id)}>
            ▶
          </button>
        )}
        <button type="button" className="small" aria-label={`Cancel: ${run.title}`} title="Cancel" onClick={() => void cancelRun(run.id)}>
          ×
        </button>
      </RunLine>
      {run.state === "running" && <Going id={run.id} title={run.title} />}
    </li>
  );
}

function Going({ id, title }: { id: string; title: string }) {
  const share = useEditor((now) => (now.live[id] ? fraction(now.live[id]) : 0));
  const left = useEditor((now) => (now.live[id] ? remaining(now.live[id], Date.now()) : null));
  return (
    <p className="going">
      <progress max={1} value={share || undefined} aria-label={`Progress of ${title}`} />
      <small>
        {Math.round(share * 100)} %{left === null ? "" : `, ${duration(left)} left`}
      </small>
    </p>
  );
}

/** Runs that ended a moment ago, to be tried again. `ended` changes as often as one may have ended. */
function Lately({ ended }: { ended: readonly Run[] }) {
  const [runs, setRuns] = useState<readonly Run[]>([]);
  useEffect(() => {
    api.runs({ state: "ok,failed,cancelled", limit: LATELY }).then((page) => setRuns(page.runs), tellError);
  }, [ended]);
  if (runs.length === 0) return null;
  return (
    <>
      <h3>Ended lately</h3>
      <ol className="runs" aria-label="Runs that ended lately">
        {runs.map((run) => (
          <li key={run.id}>
            <RunLine run={run}>
              <button type="button" className="small" aria-label={`Run again: ${run.title}`} title="Run again; what is cached is not computed again" onClick={() => void retryRun(run.id)}>
                ↻
              </button>
            </RunLine>
          </li>
        ))}
      </ol>
    </>
  );
}
