import type { RunError } from "../api/types";
import { nextStep, report } from "../graph/failures";
import { topOf } from "../graph/progress";
import { tell, tellError } from "../state/notes";
import { state } from "../state/store";

/** Why the run that is shown failed: one sentence, what to do next, where it happened, and a report to hand on. */
export function Failure({ error }: { error: RunError }) {
  const inside = error.node && topOf(error.node) !== error.node ? error.node : "";

  async function copy() {
    const { run, version, history } = state();
    const nodeType = history.present.nodes[topOf(error.node ?? "")]?.node ?? "";
    try {
      await navigator.clipboard.writeText(report(error, { run: run?.id ?? "", title: run?.title ?? "", version, nodeType }));
      tell("The report is on the clipboard");
    } catch (refused) {
      tellError(refused);
    }
  }

  return (
    <div className="failure nodrag nowheel" role="alert">
      <p className="error">
        {inside && <code>{inside}: </code>}
        {error.message}
      </p>
      <p className="next">{nextStep(error)}</p>
      {error.traceback && (
        <details>
          <summary>Traceback</summary>
          <pre>{error.traceback}</pre>
        </details>
      )}
      <button type="button" className="small" onClick={() => void copy()}>
        Copy report
      </button>
    </div>
  );
}
