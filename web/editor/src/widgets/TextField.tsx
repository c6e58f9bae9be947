import { useId } from "react";
import type { FieldProps } from "./field";

const MOST_ROWS = 8;

/** A text, of one line or of several; with names to choose from where there are some. */
export function TextField({ id, label, widget, value, names, invalid, onChange, onDone }: FieldProps) {
  const list = useId();
  const rows = Math.min(widget.rows ?? 1, MOST_ROWS);
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
  if (rows > 1) return <textarea {...shared} rows={rows} />;
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
