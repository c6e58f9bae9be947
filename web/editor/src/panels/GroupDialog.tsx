import { useState } from "react";
import { makeSubgraph } from "../state/subgraphs";
import { closeDialog, Modal } from "./Modal";

/** The name of a new sub-workflow. */
export function GroupDialog() {
  const [title, setTitle] = useState("");
  return (
    <Modal label="Make a sub-workflow" className="save">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          closeDialog();
          makeSubgraph(title);
        }}
      >
        <h2>Make a sub-workflow of the selection</h2>
        <label>
          Name <input className="search" required maxLength={80} autoFocus value={title} onChange={(event) => setTitle(event.target.value)} />
        </label>
        <p className="about">It becomes a node of its own, with an input for each wire that came in and an output for each that went out. Add it again from the palette; a change inside changes all of them.</p>
        <p className="buttons">
          <button type="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="primary">
            Make it
          </button>
        </p>
      </form>
    </Modal>
  );
}
