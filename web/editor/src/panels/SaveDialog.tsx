import { useState } from "react";
import { FILE_NAME } from "../graph/document";
import { edit } from "../state/document";
import { saveAs, saveOver } from "../state/files";
import { useEditor } from "../state/store";
import { closeDialog, Modal } from "./Modal";

/** The name and the title of a workflow that is saved for the first time, or under another name. */
export function SaveDialog() {
  const name = useEditor((now) => now.name);
  const title = useEditor((now) => now.history.present.title ?? "");
  const [wanted, setWanted] = useState(name || slug(title));
  const [taken, setTaken] = useState("");
  const [heading, setHeading] = useState(title);
  return (
    <Modal label="Save the workflow" className="save">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (heading !== title) edit((body) => ({ ...body, title: heading || undefined }));
          void saveAs(wanted.trim(), null).then((answer) => answer === "taken" && setTaken(wanted.trim()));
        }}
      >
        <h2>Save the workflow</h2>
        <label>
          Name <input className="search" required pattern={FILE_NAME} title="Letters, digits, spaces, _ - and ." autoFocus value={wanted} onChange={(event) => setWanted(event.target.value)} />
        </label>
        <label>
          Title <input className="search" value={heading} onChange={(event) => setHeading(event.target.value)} />
        </label>
        <p className="about">Saved on the server as a YAML file; the shell runs it, and its name becomes an endpoint of the API.</p>
        {taken === wanted.trim() && taken !== "" && (
          <p className="error" role="alert">
            There is a workflow called {taken} already. Choose another name, or{" "}
            <button type="button" onClick={() => void saveOver(taken)}>
              Replace it
            </button>
            ; its text becomes a revision.
          </p>
        )}
        <p className="buttons">
          <button type="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="primary">
            Save
          </button>
        </p>
      </form>
    </Modal>
  );
}

const slug = (title: string) => title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60);
