import { useState } from "react";
import { deleteFile, duplicateFile, open, renameFile } from "../state/files";
import { FILE_NAME } from "../graph/document";
import { copyLink } from "../state/share";

/** What can be done with a saved workflow without opening it. */
export function FileActions({ name, onChange }: { name: string; onChange: () => void }) {
  const [asked, setAsked] = useState<"rename" | "duplicate" | "delete" | null>(null);
  const done = (well: boolean) => {
    setAsked(null);
    if (well) onChange();
  };
  if (asked === "delete") {
    return (
      <p className="actions" role="alert">
        Delete {name}? It goes to the trash.
        <button type="button" className="cancel" autoFocus onClick={() => void deleteFile(name).then(done)}>
          Delete
        </button>
        <button type="button" onClick={() => setAsked(null)}>
          Keep
        </button>
      </p>
    );
  }
  if (asked) return <NewName old={name} word={asked} onGive={(to) => void (asked === "rename" ? renameFile(name, to) : duplicateFile(name, to)).then(done)} onLeave={() => setAsked(null)} />;
  return (
    <p className="actions">
      <button type="button" className="small" aria-label={`Open ${name} as a form`} title="Open as a form" onClick={() => void open(name, "form")}>
        ▤
      </button>
      <button type="button" className="small" aria-label={`Copy the link to ${name}`} title="Copy the link" onClick={() => void copyLink(name)}>
        🔗
      </button>
      <button type="button" className="small" aria-label={`Rename ${name}`} title="Rename" onClick={() => setAsked("rename")}>
        ✎
      </button>
      <button type="button" className="small" aria-label={`Duplicate ${name}`} title="Duplicate" onClick={() => setAsked("duplicate")}>
        ⧉
      </button>
      <button type="button" className="small" aria-label={`Delete ${name}`} title="Delete" onClick={() => setAsked("delete")}>
        ×
      </button>
    </p>
  );
}

function NewName({ old, word, onGive, onLeave }: { old: string; word: string; onGive: (name: string) => void; onLeave: () => void }) {
  const [wanted, setWanted] = useState(word === "rename" ? old : `${old} copy`);
  return (
    <form
      className="actions"
      onSubmit={(event) => {
        event.preventDefault();
        onGive(wanted.trim());
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        onLeave();
      }}
    >
      <input aria-label={`New name of ${old}`} required pattern={FILE_NAME} title="Letters, digits, spaces, _ - and ." value={wanted} autoFocus onFocus={(event) => event.target.select()} onChange={(event) => setWanted(event.target.value)} />
      <button type="submit">{word === "rename" ? "Rename" : "Duplicate"}</button>
    </form>
  );
}
