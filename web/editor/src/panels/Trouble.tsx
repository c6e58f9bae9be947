import { showNode } from "../canvas/view";
import { topOf, type Problem } from "../graph/progress";
import { enter, select } from "../state/document";
import { set, state, useEditor } from "../state/store";
import { Failure } from "./Failure";

/** What is in the way of a run, and why the last one failed; each leads to its place. `most` are shown, the panel has all. */
export function Trouble({ most = Infinity }: { most?: number }) {
  const problems = useEditor((now) => now.problems);
  const error = useEditor((now) => now.run?.error ?? null);
  const blamed = topOf(error?.node ?? "");
  return (
    <>
      {problems.length > 0 && (
        <ul className="problems" aria-label="Problems">
          {problems.slice(0, most).map((one, index) => (
            <li key={index}>
              <button type="button" disabled={!placeOf(one)} onClick={() => lead(placeOf(one), one.input)}>
                {placeOf(one) && <strong>{placeOf(one)}: </strong>}
                {one.message}
              </button>
            </li>
          ))}
        </ul>
      )}
      {problems.length > most && (
        <button type="button" className="more" onClick={() => set({ side: "problems" })}>
          All {problems.length} problems
        </button>
      )}
      {error && !blamed && <Failure error={error} />}
      {blamed && (
        <button type="button" className="problem" onClick={() => lead(blamed)}>
          <strong>{blamed}</strong> failed: {error?.message}
        </button>
      )}
    </>
  );
}

/** The node that a problem is of: the one that it names, else the first of the type that it names. */
function placeOf({ node, message }: Problem): string {
  if (node) return node;
  const type = /^unknown node '([^']+)'/.exec(message)?.[1];
  return Object.entries(state().history.present.nodes).find(([, entry]) => entry.node === type)?.[0] ?? "";
}

/** Show a node, and put the keyboard into the input that is to blame. */
export async function lead(node: string, input = ""): Promise<void> {
  if (state().path.length > 0) enter([]);
  select([node]);
  showNode(node);
  if (input) setTimeout(() => document.getElementById(`${node}-${input}`)?.focus({ preventScroll: true }), 300);
}
