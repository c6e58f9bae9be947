import type { FieldProps } from "./field";

/** Yes or no. */
export function ToggleField({ id, label, value, onChange, onDone }: FieldProps) {
  return (
    <input
      id={id}
      type="checkbox"
      role="switch"
      className="toggle nodrag"
      aria-label={label}
      checked={value === true}
      onChange={(event) => {
        onChange(event.target.checked);
        onDone();
      }}
    />
  );
}
