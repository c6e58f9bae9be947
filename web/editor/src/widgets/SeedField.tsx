import { randomSeed } from "../graph/numbers";
import type { FieldProps } from "./field";
import { NumberField } from "./NumberField";

/** A seed: a number, the next one, or another one at random. */
export function SeedField(props: FieldProps) {
  const { label, widget, value, onChange, onDone } = props;
  const change = (seed: number) => {
    onChange(seed);
    onDone();
  };
  return (
    <span className="seed">
      <NumberField {...props} />
      <button type="button" className="small nodrag" aria-label={`${label}: next`} title="The next seed" onClick={() => change((typeof value === "number" ? value : 0) + 1)}>
        +1
      </button>
      <button type="button" className="small nodrag" aria-label={`${label}: random`} title="A random seed" onClick={() => change(randomSeed(widget))}>
        ⚄
      </button>
    </span>
  );
}
