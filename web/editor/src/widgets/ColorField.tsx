import type { FieldProps } from "./field";
import { TextField } from "./TextField";

/** A colour as `#rrggbb`, also one by name; black for what is none. */
function hexOf(text: string): string {
  const context = new OffscreenCanvas(1, 1).getContext("2d")!;
  context.fillStyle = text;
  return String(context.fillStyle);
}

/** A colour: chosen from the browser's own picker, or written as `#rrggbb` or by name. */
export function ColorField(props: FieldProps) {
  const { label, value, invalid, onChange, onDone } = props;
  const written = typeof value === "string" ? value.trim() : "";
  return (
    <span className="color">
      <input type="color" className="nodrag" aria-label={`${label}, picker`} value={hexOf(written)} onChange={(event) => onChange(event.target.value)} onBlur={onDone} />
      <TextField {...props} widget={{ type: "text", rows: 1 }} invalid={invalid} />
    </span>
  );
}
