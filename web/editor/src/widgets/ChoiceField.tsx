import type { FieldProps } from "./field";

/** One of a few values. */
export function ChoiceField({ id, label, widget, value, invalid, onChange, onDone }: FieldProps) {
  const choices = widget.choices ?? [];
  const chosen = choices.findIndex((choice) => choice === value);
  return (
    <select
      id={id}
      className="nodrag"
      aria-label={label}
      aria-invalid={invalid || chosen < 0 || undefined}
      value={chosen}
      onChange={(event) => {
        onChange(choices[Number(event.target.value)]);
        onDone();
      }}
    >
      {chosen < 0 && <option value={-1}>{value === undefined ? "choose ..." : String(value)}</option>}
      {choices.map((choice, index) => (
        <option key={index} value={index}>
          {String(choice)}
        </option>
      ))}
    </select>
  );
}
