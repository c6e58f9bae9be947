import { dismiss } from "../state/notes";
import { useEditor } from "../state/store";

/** Short words at the bottom of the window. */
export function Notes() {
  const notes = useEditor((now) => now.notes);
  const online = useEditor((now) => now.online);
  return (
    <div className="notes" aria-live="polite">
      {!online && <p className="note error">The server does not answer. Your changes are kept here; this goes on by itself as soon as it is back.</p>}
      {notes.map((note) => (
        <p key={note.id} className={`note ${note.tone}`}>
          {note.text}
          <button type="button" aria-label="Dismiss" onClick={() => dismiss(note.id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}
