import { CommandButton } from "../panels/CommandButton";
import { changeMask, nowPainting, setPainter, WIDEST } from "../state/painter";
import type { Seen } from "../state/pictures";
import type { PainterState, Tool } from "./tools";
import { useEditor } from "../state/store";
import type { Size } from "./look";
import { fromPixels, share } from "./mask";
import type { Pixels } from "./pixels";

interface ToolsProps {
  seen: readonly Seen[];
  under: Seen | null;
  onUnder: (seen: Seen | null) => void;
  picture: Pixels | null;
  size: Size | null;
  onSize: (size: Size) => void;
}

const TOOLS: readonly [Tool, string][] = [
  ["brush", "Paint"],
  ["eraser", "Erase"],
  ["lasso", "Lasso"],
  ["rectangle", "Rectangle"],
  ["fill", "Fill"],
  ["hand", "Move"],
];

/** The tools of the painter, what they are set to, and what can be done to the whole mask. */
export function MaskTools({ seen, under, onUnder, picture, size, onSize }: ToolsProps) {
  const painter = useEditor((now) => now.painter);
  const painting = nowPainting();
  return (
    <div className="tools">
      <h2>Paint a mask</h2>
      <p className="about">White is what is painted anew.</p>
      <div className="tool-grid" role="group" aria-label="Tool">
        {TOOLS.map(([id, text]) => (
          <CommandButton key={id} id={`mask.${id}`} text={text} pressed={painter.tool === id} />
        ))}
      </div>
      <Slider label="Size" value={painter.size} low={1} high={WIDEST} set={(size) => ({ size })} />
      <Slider label="Hardness" value={painter.hardness} low={0} high={1} step={0.05} set={(hardness) => ({ hardness })} />
      <Slider label="Opacity" value={painter.opacity} low={0.05} high={1} step={0.05} set={(opacity) => ({ opacity })} />
      <div className="tool-grid" role="group" aria-label="Steps">
        <CommandButton id="mask.undo" text="↶ Undo" disabled={!painting?.canUndo} />
        <CommandButton id="mask.redo" text="↷ Redo" disabled={!painting?.canRedo} />
      </div>
      <div className="tool-grid" role="group" aria-label="The whole mask">
        <CommandButton id="mask.invert" text="Invert" />
        <CommandButton id="mask.clear" text="Clear" />
        <CommandButton id="mask.all" text="Cover all" />
        <button type="button" disabled={!picture} title="What is transparent in the picture" onClick={() => picture && changeMask(() => fromPixels(picture.data, "alpha"))}>
          From alpha
        </button>
        <CommandButton id="mask.grow" text="Grow" />
        <CommandButton id="mask.shrink" text="Shrink" />
        <CommandButton id="mask.feather" text="Feather" />
        <label className="pixels-field">
          by <Numeric label="Pixels to grow, shrink or feather by" value={painter.amount} low={1} high={256} onChange={(amount) => setPainter({ amount })} /> px
        </label>
      </div>
      <label className="under">
        Over
        <select value={under ? seen.indexOf(under) : -1} onChange={(event) => onUnder(seen[Number(event.target.value)] ?? null)}>
          {seen.map((one, index) => (
            <option key={one.url} value={index}>
              {one.label}
            </option>
          ))}
          <option value={-1}>no picture</option>
        </select>
      </label>
      {size && !under && (
        <p className="mask-size">
          <Numeric label="Width" value={size.width} low={1} high={8192} onChange={(width) => onSize({ ...size, width })} /> ×
          <Numeric label="Height" value={size.height} low={1} high={8192} onChange={(height) => onSize({ ...size, height })} />
        </p>
      )}
      <CommandButton id="mask.alone" text="The mask alone" pressed={painter.alone} />
      <span className="space" />
      <p className="about" role="status">
        {painting && size ? `${size.width} × ${size.height}, ${Math.round(share(painting.mask) * 100)} % painted` : "..."}
      </p>
      {painter.leaving && (
        <p className="error" role="alert">
          The mask is not used yet. Cancel once more to let it go.
        </p>
      )}
      <p className="buttons">
        <CommandButton id="mask.leave" text="Cancel" />
        <CommandButton id="mask.apply" text="Use the mask" className="primary" disabled={!size} />
      </p>
    </div>
  );
}

interface SliderProps {
  label: string;
  value: number;
  low: number;
  high: number;
  step?: number;
  set: (value: number) => Partial<PainterState>;
}

/** A slider, with the number beside it for those who know it. */
function Slider({ label, value, low, high, step = 1, set }: SliderProps) {
  return (
    <label className="tool-slider">
      {label}
      <input type="range" aria-label={label} min={low} max={high} step={step} value={value} onChange={(event) => setPainter(set(Number(event.target.value)))} />
      <Numeric label={`${label}, number`} value={value} low={low} high={high} step={step} onChange={(next) => setPainter(set(next))} />
    </label>
  );
}

interface NumericProps {
  label: string;
  value: number;
  low: number;
  high: number;
  step?: number;
  onChange: (value: number) => void;
}

function Numeric({ label, value, low, high, step = 1, onChange }: NumericProps) {
  return (
    <input
      type="number"
      aria-label={label}
      min={low}
      max={high}
      step={step}
      value={value}
      onChange={(event) => {
        const { valueAsNumber } = event.target;
        if (valueAsNumber >= low && valueAsNumber <= high) onChange(valueAsNumber);
      }}
    />
  );
}
