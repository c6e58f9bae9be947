import { dismiss } from "../state/notes";
import { useEditor } from "../state/store";

/** Short words at the bottom of the window. */
export function Notes() {
  const notes = useEditor((now) => now.notes);
  return (
    <div className="notes" aria-live="polite">
      {notes.map((note) => (
        <p key={note.id} className={`note ${note.tone}`}>
          {note.text}
          <span className="space" />
          {note.action && (
            <button type="button" onClick={() => (note.action!.run(), dismiss(note.id))}>
              {note.action.text}
            </button>
          )}
          <button type="button" aria-label="Dismiss" onClick={() => dismiss(note.id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}
