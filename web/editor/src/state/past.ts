/** Runs of the past: their workflow and values back on the canvas. */

import { api } from "../api/client";
import type { Run } from "../api/types";
import type { Workflow } from "../graph/document";
import { withInputs } from "../graph/diff";
import { editWhole, enter, positioned } from "./document";
import { openUnsaved } from "./files";
import { tell, tellError } from "./notes";
import { state } from "./store";

/** The workflow that a run was of, with the values that it was given. */
export async function workflowOf(run: string): Promise<Workflow> {
  const [document, detail] = await Promise.all([api.runDocument(run), api.readRun(run)]);
  return withInputs(document, detail.inputs ?? {});
}

/** Put a run's workflow on the canvas: a run of this workflow as a change that can be undone, any other as a new one. */
export async function restore(run: Run): Promise<void> {
  try {
    const { name, history, path } = state();
    const found = positioned(await workflowOf(run.id));
    const same = run.workflow === name || (!run.workflow && run.title === history.present.title);
    if (same) {
      if (path.length > 0) enter([]);
      editWhole(() => found);
      tell(`As it was in run #${run.seq}; undo brings back what was here`);
    } else {
      await openUnsaved(found);
      tell(`The workflow of run #${run.seq}`);
    }
  } catch (error) {
    tellError(error);
  }
}
