import { useRef, useState } from "react";
import { clamp, evaluate, stepOf } from "../graph/numbers";
import type { FieldProps } from "./field";

const NEAR = 3;
const PIXELS = 4;

/** A number: typed (also as a sum), dragged sideways, or moved by the arrow keys. */
export function NumberField({ id, label, widget, value, invalid, onChange, onDone }: FieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const drag = useRef<{ x: number; from: number; moved: boolean } | null>(null);
  const number = typeof value === "number" ? value : (widget.low ?? 0);

  function take() {
    const found = typed === null ? null : evaluate(typed);
    if (found !== null) onChange(clamp(found, widget));
    setTyped(null);
    onDone();
  }

  function step(by: number) {
    setTyped(null);
    onChange(clamp(number + by * stepOf(widget), widget));
  }

  return (
    <input
      id={id}
      className="number nodrag nokey"
      inputMode="decimal"
      autoComplete="off"
      role="spinbutton"
      aria-label={label}
      aria-valuenow={number}
      aria-valuemin={widget.low}
      aria-valuemax={widget.high}
      aria-invalid={invalid || undefined}
      value={typed ?? (value === undefined || value === null ? "" : String(value))}
      onChange={(event) => setTyped(event.target.value)}
      onFocus={(event) => event.target.select()}
      onBlur={take}
      onKeyDown={(event) => {
        const size = event.shiftKey ? 10 : 1;
        if (event.key === "Enter") take();
        else if (event.key === "Escape") setTyped(null);
        else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
          event.preventDefault();
          step(event.key === "ArrowUp" ? size : -size);
        }
      }}
      onPointerDown={(event) => {
        if (event.button !== 0 || document.activeElement === event.currentTarget) return;
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { x: event.clientX, from: number, moved: false };
      }}
      onPointerMove={(event) => {
        const at = drag.current;
        if (!at) return;
        const pixels = event.clientX - at.x;
        if (!at.moved && Math.abs(pixels) < NEAR) return;
        at.moved = true;
        const speed = event.shiftKey ? 0.1 : event.ctrlKey ? 10 : 1;
        onChange(clamp(at.from + Math.round((pixels * speed) / PIXELS) * stepOf(widget), widget));
      }}
      onPointerUp={(event) => {
        const at = drag.current;
        drag.current = null;
        if (at?.moved) onDone();
        else if (at) event.currentTarget.focus();
      }}
    />
  );
}
