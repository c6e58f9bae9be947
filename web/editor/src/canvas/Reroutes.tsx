import { EdgeLabelRenderer } from "@xyflow/react";
import { useRef, type CSSProperties, type KeyboardEvent } from "react";
import type { Position } from "../graph/document";
import type { Wire } from "../graph/judge";
import { setPoints, wireKey } from "../graph/reroutes";
import { edit } from "../state/document";
import { onCanvas } from "./view";

interface ReroutesProps {
  wire: Wire;
  points: readonly Position[];
  color: string;
  /** While a point is dragged: where all of them are; null when it is let go. */
  onDrag: (points: readonly Position[] | null) => void;
}

const STEPS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 8;

/** The points that a wire is led through: dragged, moved by arrow keys, deleted by Delete, Alt+click or a double-click. */
export function Reroutes({ wire, points, color, onDrag }: ReroutesProps) {
  const dragged = useRef(-1);
  const moved = (at: number, to: Position) => points.map((one, place) => (place === at ? to : one));
  const keep = (next: readonly Position[], key = "") => edit((body) => setPoints(body, wireKey(wire), next), key);
  const remove = (at: number) => keep(points.filter((_, place) => place !== at));

  function onKeyDown(event: KeyboardEvent, at: number) {
    const step = STEPS[event.key];
    if (event.key !== "Delete" && event.key !== "Backspace" && !step) return;
    event.preventDefault();
    event.stopPropagation();
    if (!step) return remove(at);
    const { x, y } = points[at]!;
    keep(moved(at, { x: x + step[0] * STEP, y: y + step[1] * STEP }), `reroute:${wireKey(wire)}.${at}`);
  }

  return (
    <EdgeLabelRenderer>
      {points.map((point, at) => (
        <button
          key={at}
          type="button"
          className="reroute nodrag nopan nokey"
          style={{ transform: `translate(-50%, -50%) translate(${point.x}px, ${point.y}px)`, "--kind": color } as CSSProperties}
          aria-label={`Point ${at + 1} of the wire from ${wire.source} to ${wire.target}`}
          title="Drag to move, Delete or double-click to remove"
          onKeyDown={(event) => onKeyDown(event, at)}
          onDoubleClick={() => remove(at)}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            if (event.altKey) return remove(at);
            event.currentTarget.setPointerCapture(event.pointerId);
            dragged.current = at;
          }}
          onPointerMove={(event) => dragged.current === at && onDrag(moved(at, onCanvas({ x: event.clientX, y: event.clientY })))}
          onPointerUp={() => {
            if (dragged.current < 0) return;
            dragged.current = -1;
            keep(points);
            onDrag(null);
          }}
        />
      ))}
    </EdgeLabelRenderer>
  );
}
