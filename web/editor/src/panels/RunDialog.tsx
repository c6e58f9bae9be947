import { useState } from "react";
import { submit } from "../state/runs";
import { set, state, useEditor } from "../state/store";
import { closeDialog, Modal } from "./Modal";

/** A run with choices: to some outputs only, without the cache, before the others, several times. */
export function RunDialog() {
  const outputs = useEditor((now) => now.history.present.outputs);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(Object.keys(outputs ?? {})));
  const [fresh, setFresh] = useState(false);
  const [front, setFront] = useState(false);
  const [count, setCount] = useState(state().batch);
  const names = Object.keys(outputs ?? {});

  function toggle(name: string) {
    const next = new Set(chosen);
    if (!next.delete(name)) next.add(name);
    setChosen(next);
  }

  return (
    <Modal label="Run with choices" className="save">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          set({ batch: count });
          closeDialog();
          void submit({ targets: chosen.size === names.length ? [] : [...chosen], use_cache: !fresh, front, count });
        }}
      >
        <h2>Run with choices</h2>
        {names.length > 0 && (
          <fieldset>
            <legend>Outputs to run to</legend>
            {names.map((name) => (
              <label key={name} className="check">
                <input type="checkbox" checked={chosen.has(name)} onChange={() => toggle(name)} /> {name} <small>{outputs![name]}</small>
              </label>
            ))}
          </fieldset>
        )}
        <label className="check">
          <input type="checkbox" checked={fresh} onChange={(event) => setFresh(event.target.checked)} /> Without the cache: every node runs
        </label>
        <label className="check">
          <input type="checkbox" checked={front} onChange={(event) => setFront(event.target.checked)} /> Before everything that waits
        </label>
        <label className="check">
          <Times value={count} onChange={setCount} /> runs, one after the other
        </label>
        <p className="buttons">
          <button type="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="primary" disabled={names.length > 0 && chosen.size === 0}>
            Run
          </button>
        </p>
      </form>
    </Modal>
  );
}

const MOST = 99;

/** How many runs one press queues. */
export function Times({ value, onChange }: { value: number; onChange: (value: number) => void }) {
  return (
    <input
      type="number"
      className="times"
      aria-label="How many runs"
      title="How many runs one press queues; seeds go on between them as their modes say"
      min={1}
      max={MOST}
      value={value}
      onChange={(event) => onChange(Math.max(1, Math.min(MOST, Math.round(Number(event.target.value)) || 1)))}
    />
  );
}
