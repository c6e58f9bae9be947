import { useId, type KeyboardEvent } from "react";
import { reweigh } from "../graph/weights";
import type { FieldProps } from "./field";

const MOST_ROWS = 8;

/** A text, of one line or of several; with names to choose from where there are some. */
export function TextField({ id, label, widget, value, names, invalid, onChange, onDone }: FieldProps) {
  const list = useId();
  const rows = names ? 1 : Math.min(widget.rows ?? 1, MOST_ROWS);
  const shared = {
    id,
    className: "nodrag nowheel",
    "aria-label": label,
    "aria-invalid": invalid || undefined,
    spellCheck: rows > 1,
    autoComplete: "off",
    value: typeof value === "string" ? value : value === undefined || value === null ? "" : String(value),
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
    onBlur: onDone,
  };
  /** Ctrl and an arrow make the selected words of a prompt stronger or weaker. */
  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    const steps = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    if (steps === 0 || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const { currentTarget: field } = event;
    const { text, start, end } = reweigh({ text: field.value, start: field.selectionStart, end: field.selectionEnd }, steps);
    onChange(text);
    requestAnimationFrame(() => field.setSelectionRange(start, end));
  }
  if (rows > 1) return <textarea {...shared} rows={rows} onKeyDown={onKeyDown} />;
  return (
    <>
      <input {...shared} type="text" list={names?.length ? list : undefined} />
      {names && names.length > 0 && (
        <datalist id={list}>
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </>
  );
}
