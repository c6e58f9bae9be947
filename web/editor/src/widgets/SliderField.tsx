import { clamp, stepOf } from "../graph/numbers";
import type { FieldProps } from "./field";
import { NumberField } from "./NumberField";

const WIDEST = 2000;

/** A bounded number: a slider, with the number beside it. A range too wide to aim at has the number alone. */
export function SliderField(props: FieldProps) {
  const { label, widget, value, onChange, onDone } = props;
  const { low, high } = widget;
  if (low === undefined || high === undefined || (high - low) / stepOf(widget) > WIDEST) return <NumberField {...props} />;
  return (
    <span className="slider">
      <input
        type="range"
        className="nodrag"
        aria-label={`${label}, slider`}
        min={low}
        max={high}
        step={stepOf(widget)}
        value={typeof value === "number" ? value : low}
        onChange={(event) => onChange(clamp(Number(event.target.value), widget))}
        onPointerUp={onDone}
        onKeyUp={onDone}
      />
      <NumberField {...props} />
    </span>
  );
}
