import { useEffect, useState } from "react";
import { api } from "../api/client";
import type { Revision } from "../api/types";
import { compareLines } from "../graph/lines";
import { openDraft, restoreRevision } from "../state/files";
import { leftDrafts, removeDraft, type Draft } from "../state/drafts";
import { tellError } from "../state/notes";
import { isDirty, useEditor } from "../state/store";
import { closeDialog, Modal } from "./Modal";

/** Earlier texts of the open workflow on the server, and drafts that closed tabs left in this browser. */
export function Revisions() {
  const name = useEditor((now) => now.name);
  const etag = useEditor((now) => now.etag);
  const [revisions, setRevisions] = useState<Revision[] | null>(null);
  const [chosen, setChosen] = useState<Revision | null>(null);
  useEffect(() => {
    if (name) api.revisions(name).then(setRevisions, tellError);
  }, [name, etag]);
  return (
    <Modal label="Earlier versions" className="revisions">
      <header>
        <h2>Earlier versions{name && ` of ${name}`}</h2>
        <button type="button" aria-label="Close" onClick={closeDialog}>
          ×
        </button>
      </header>
      <div className="two">
        <div>
          <h3>On the server</h3>
          {!name && <p className="nothing">Not saved yet: the server keeps each text that is saved over.</p>}
          {revisions?.length === 0 && <p className="nothing">None yet: each save keeps the text before it.</p>}
          <ul>
            {revisions?.map((one) => (
              <li key={one.id}>
                <button type="button" className="choice" aria-pressed={chosen?.id === one.id} onClick={() => setChosen(one)}>
                  {when(one.created * 1000)} <small>{one.bytes} bytes</small>
                </button>
              </li>
            ))}
          </ul>
          <Drafts />
        </div>
        {chosen ? <Look name={name} revision={chosen} /> : <p className="nothing">Choose a version to see what changed since.</p>}
      </div>
    </Modal>
  );
}

function Look({ name, revision }: { name: string; revision: Revision }) {
  const [texts, setTexts] = useState<[string, string] | null>(null);
  const dirty = useEditor(isDirty);
  useEffect(() => {
    setTexts(null);
    Promise.all([api.revision(name, revision.id), api.open(name).then((found) => found.text)]).then(setTexts, tellError);
  }, [name, revision.id]);
  const lines = texts && compareLines(...texts);
  return (
    <section aria-label={`Version of ${when(revision.created * 1000)}`}>
      <p className="buttons">
        <small>
          {lines ? `${lines.filter((one) => one.kind === "gone").length} lines of it are gone since, ${lines.filter((one) => one.kind === "new").length} are new` : "..."}
        </small>
        <span className="space" />
        <button type="button" className="primary" onClick={() => void restoreRevision(name, revision.id)}>
          Restore this version
        </button>
      </p>
      {dirty && <p className="about">Your unsaved changes are one undo away afterwards.</p>}
      <pre className="lines" tabIndex={0} aria-label="The version, compared with what is saved">
        {lines?.map((line, index) => (
          <span key={index} className={line.kind}>
            {{ same: "  ", gone: "- ", new: "+ " }[line.kind]}
            {line.text}
            {"\n"}
          </span>
        ))}
      </pre>
    </section>
  );
}

function Drafts() {
  const [left, setLeft] = useState<Draft[]>(leftDrafts);
  if (left.length === 0) return null;
  return (
    <>
      <h3>Drafts of closed tabs</h3>
      <ul>
        {left.map((draft) => (
          <li key={`${draft.tab}:${draft.name}`} className="pair">
            <button type="button" className="choice" onClick={() => void openDraft(draft)}>
              {draft.name || draft.document.title || "Untitled"} <small>{when(draft.at)}</small>
            </button>
            <button
              type="button"
              className="small"
              aria-label={`Throw away the draft of ${draft.name || "an unsaved workflow"}`}
              onClick={() => {
                removeDraft(draft);
                setLeft(leftDrafts());
              }}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

const when = (milliseconds: number) => new Date(milliseconds).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
