import { randomSeed } from "../graph/numbers";
import type { FieldProps } from "./field";
import { NumberField } from "./NumberField";

/** A seed: a number (the arrow keys give the next one), or another one at random. */
export function SeedField(props: FieldProps) {
  const { label, widget, onChange, onDone } = props;
  const change = (seed: number) => {
    onChange(seed);
    onDone();
  };
  return (
    <span className="seed">
      <NumberField {...props} />
      <button type="button" className="small nodrag" aria-label={`${label}: random`} title="A random seed" onClick={() => change(randomSeed(widget))}>
        ⚄
      </button>
    </span>
  );
}
