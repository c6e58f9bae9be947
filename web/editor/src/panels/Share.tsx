import { addressOf, copyLink, copyYaml, exportJson, exportPicture, exportYaml } from "../state/share";
import { isDirty, useEditor } from "../state/store";
import { CommandButton } from "./CommandButton";
import { closeDialog, Modal } from "./Modal";

/** The ways to give the workflow to others. */
export function Share() {
  const name = useEditor((now) => now.name);
  const view = useEditor((now) => now.view);
  const dirty = useEditor(isDirty);
  return (
    <Modal label="Share and export" className="share">
      <header>
        <h2>Share and export</h2>
        <button type="button" aria-label="Close" onClick={closeDialog}>
          ×
        </button>
      </header>
      <section>
        <h3>A link</h3>
        {name ? (
          <p className="pair">
            <input readOnly aria-label="The link" value={addressOf(name, view)} onFocus={(event) => event.target.select()} />
            <button type="button" onClick={() => void copyLink(name, view)}>
              Copy the link
            </button>
          </p>
        ) : (
          <p>
            A link leads to a saved workflow. <CommandButton id="file.save" text="Save" />
          </p>
        )}
        <p className="about">It opens on this server, for who has its token.{dirty && name && " Your unsaved changes are not in it."}</p>
      </section>
      <section>
        <h3>A file</h3>
        <p className="choices">
          <button type="button" onClick={() => void exportYaml()}>
            YAML
          </button>
          <button type="button" onClick={exportJson}>
            JSON
          </button>
          <button type="button" onClick={() => void exportPicture()}>
            Picture (PNG)
          </button>
          <button type="button" onClick={() => void copyYaml()}>
            Copy as YAML
          </button>
        </p>
        <p className="about">YAML and JSON are what the shell runs. The picture shows the graph and carries the workflow; every picture that a run saves carries its own, too. Dropped on an editor, or opened or pasted there, each is a workflow again.</p>
      </section>
    </Modal>
  );
}
