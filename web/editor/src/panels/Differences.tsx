import { useEffect, useState } from "react";
import type { Run } from "../api/types";
import { differences, type Difference } from "../graph/diff";
import { workflowOf } from "../state/past";
import { tellError } from "../state/notes";
import { state } from "../state/store";
import { closeDialog, Modal } from "./Modal";

/** What differs between the workflows and values of two runs, or of a run and the canvas. */
export function Differences({ before, after }: { before: Run; after: Run | null }) {
  const [found, setFound] = useState<readonly Difference[] | null>(null);
  useEffect(() => {
    const later = after ? workflowOf(after.id) : Promise.resolve(state().history.present);
    Promise.all([workflowOf(before.id), later]).then(([old, now]) => setFound(differences(old, now)), tellError);
  }, [before, after]);
  const names = [`Run #${before.seq}`, after ? `Run #${after.seq}` : "The canvas"];
  return (
    <Modal label="What differs" className="differences">
      <header>
        <h2>
          {names[0]} and {names[1]?.toLowerCase()}
        </h2>
        <button type="button" aria-label="Close" onClick={closeDialog}>
          ×
        </button>
      </header>
      {found?.length === 0 && <p className="nothing">Nothing differs: the same nodes, wires and values.</p>}
      {found && found.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Where</th>
              {names.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.map((one) => (
              <tr key={one.place}>
                <th scope="row">{one.place}</th>
                <td>{one.before ? <del>{one.before}</del> : <small>not there</small>}</td>
                <td>{one.after ? <ins>{one.after}</ins> : <small>not there</small>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Modal>
  );
}
