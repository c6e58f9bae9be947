import type { NodeProps } from "@xyflow/react";
import { memo, type CSSProperties } from "react";
import { tint } from "../graph/looks";
import { setThing, thingOf } from "../graph/things";
import { edit } from "../state/document";
import type { FlowNode } from "../state/flow";
import { bodyOf, set, useEditor } from "../state/store";
import { Markdown } from "./Markdown";
import { Resize } from "./Resize";

/** A note in Markdown; a double-click or F2 types it. */
export const NoteView = memo(function NoteView({ id }: NodeProps<FlowNode>) {
  const note = useEditor((now) => thingOf(bodyOf(now), id));
  const editing = useEditor((now) => now.renaming === id);
  if (!note) return null;
  const text = note.text ?? "";
  return (
    <div className="note-thing" style={{ "--tint": tint(note.color) || "var(--tint-yellow)" } as CSSProperties} onDoubleClick={() => set({ renaming: id })}>
      {editing ? (
        <textarea
          className="nodrag nowheel nokey"
          aria-label="Text of the note, in Markdown"
          defaultValue={text}
          autoFocus
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          onBlur={(event) => {
            set({ renaming: "" });
            if (event.target.value !== text) edit((body) => setThing(body, id, { text: event.target.value }));
          }}
        />
      ) : text ? (
        <Markdown text={text} />
      ) : (
        <p className="nothing">An empty note. Double-click to write.</p>
      )}
      <Resize id={id} size={note.size} label="the note" />
    </div>
  );
});
