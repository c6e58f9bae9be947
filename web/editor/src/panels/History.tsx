import { useCallback, useEffect, useState } from "react";
import { api, outputThumbnail } from "../api/client";
import type { Output, Run } from "../api/types";
import { restore } from "../state/past";
import { retryRun } from "../state/queue";
import { tellError } from "../state/notes";
import { set, useEditor } from "../state/store";
import { PastRun } from "./PastRun";
import { RunLine } from "./RunLine";

const PAGE = 30;
const ENDED = "ok,failed,cancelled";

/** All runs that have ended, newest first: looked into, brought back, run again, compared. */
export function History() {
  const name = useEditor((now) => now.name);
  const [states, setStates] = useState(ENDED);
  const [mine, setMine] = useState(false);
  const { runs, more, load } = useRuns(states, mine ? name : "");
  const pictures = usePictures(runs);
  const [chosen, setChosen] = useState<readonly Run[]>([]);
  const choose = (run: Run) => setChosen((old) => (old.some((one) => one.id === run.id) ? old.filter((one) => one.id !== run.id) : [...old, run].slice(-2)));
  return (
    <>
      <p className="queue-tools">
        <select aria-label="Which runs" value={states} onChange={(event) => setStates(event.target.value)}>
          <option value={ENDED}>All</option>
          <option value="ok">Done</option>
          <option value="failed">Failed</option>
          <option value="cancelled">Cancelled</option>
        </select>
        <label className="check">
          <input type="checkbox" checked={mine} disabled={!name} onChange={(event) => setMine(event.target.checked)} /> This workflow only
        </label>
      </p>
      <Compare chosen={chosen} />
      <ol className="runs" aria-label="Runs that have ended">
        {runs.map((run) => (
          <li key={run.id}>
            <RunLine run={run} picture={pictures.get(run.id)}>
              <button type="button" className="small" aria-label={`Restore run ${run.seq}`} title="Bring back its workflow and values" onClick={() => void restore(run)}>
                Restore
              </button>
              <button type="button" className="small" aria-label={`Run again: run ${run.seq}`} title="Run again; what is cached is not computed again" onClick={() => void retryRun(run.id)}>
                ↻
              </button>
              <input type="checkbox" className="toggle" aria-label={`Compare run ${run.seq}`} title="Choose it to be compared" checked={chosen.some((one) => one.id === run.id)} onChange={() => choose(run)} />
            </RunLine>
            <PastRun run={run} />
          </li>
        ))}
      </ol>
      {runs.length === 0 && <p className="nothing">No such run has ended yet.</p>}
      {more && (
        <button type="button" className="more" onClick={load}>
          Older ones
        </button>
      )}
    </>
  );
}

/** Two chosen runs, or one and the canvas. */
function Compare({ chosen }: { chosen: readonly Run[] }) {
  const [before, after = null] = [...chosen].sort((a, b) => a.seq - b.seq);
  if (!before) return null;
  return (
    <button type="button" className="primary compare" onClick={() => set({ dialog: { kind: "diff", before, after } })}>
      What differs: #{before.seq} and {after ? `#${after.seq}` : "the canvas"}
    </button>
  );
}

interface Pages {
  runs: readonly Run[];
  next: number;
}

const NONE: Pages = { runs: [], next: 0 };

/** The pages that were loaded; the newest one is read again when a run may have ended. */
function useRuns(states: string, workflow: string) {
  const [pages, setPages] = useState(NONE);
  const queue = useEditor((now) => now.queue);
  const load = useCallback(
    (before: number) => {
      api.runs({ state: states, workflow, before, limit: PAGE }).then((page) => setPages((old) => (before ? { runs: [...old.runs, ...page.runs], next: page.next } : onTop(page, old))), tellError);
    },
    [states, workflow],
  );
  useEffect(() => setPages(NONE), [load]);
  useEffect(() => load(0), [load, queue]);
  return { runs: pages.runs, more: pages.next > 0, load: () => load(pages.next) };
}

function onTop(page: Pages, old: Pages): Pages {
  const last = page.runs.at(-1)?.seq ?? 0;
  const older = old.runs.filter((run) => run.seq < last);
  return { runs: [...page.runs, ...older], next: older.length > 0 ? old.next : page.next };
}

/** The newest picture of each run, as far as the newest outputs reach. */
function usePictures(runs: readonly Run[]): ReadonlyMap<string, string> {
  const [found, setFound] = useState<ReadonlyMap<string, string>>(new Map());
  const newest = runs[0]?.id;
  useEffect(() => {
    const byRun = (outputs: Output[]) => outputs.filter((one) => one.picture && !one.missing).map((one): [string, string] => [one.run, outputThumbnail(one.id, 128)]);
    api.outputs({ limit: "200" }).then(({ outputs }) => setFound(new Map(byRun(outputs))), () => undefined);
  }, [newest]);
  return found;
}
