import { missingPacks } from "../graph/missing";
import { set, useEditor } from "../state/store";
import { lead, Trouble } from "./Trouble";

const WORDS: Record<string, string> = { run: "will run", later: "may run", memory: "cached in memory", disk: "cached on disk", "not needed": "not needed", "on demand": "on demand" };

/** Everything that is wrong, what the last run warned of, and what a run would do with every node and why. */
export function Problems() {
  const problems = useEditor((now) => now.problems);
  const failed = useEditor((now) => now.run?.error != null);
  const warnings = useEditor((now) => now.run?.warnings);
  const lost = useEditor((now) => now.catalog !== null && missingPacks(now.history.present, now.catalog).length > 0);
  return (
    <div className="result">
      {lost && (
        <button type="button" onClick={() => set({ dialog: { kind: "missing" } })}>
          Node types are missing: what to install
        </button>
      )}
      <Trouble />
      {problems.length === 0 && !failed && <p className="nothing">Nothing is in the way of a run.</p>}
      {warnings && warnings.length > 0 && (
        <section>
          <h3>The last run warned</h3>
          <ul className="warnings">
            {warnings.map((one, index) => (
              <li key={index}>{one}</li>
            ))}
          </ul>
        </section>
      )}
      <Plan />
    </div>
  );
}

function Plan() {
  const plan = useEditor((now) => now.plan);
  const nodes = Object.entries(plan);
  if (nodes.length === 0) return null;
  return (
    <section>
      <h3>What a run would do</h3>
      <ul className="planned" aria-label="What a run would do">
        {nodes.map(([name, { state, reason }]) => (
          <li key={name}>
            <button type="button" onClick={() => void lead(name)}>
              <strong>{name}</strong> {WORDS[state] ?? state}
              {reason && <small> · {reason}</small>}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
