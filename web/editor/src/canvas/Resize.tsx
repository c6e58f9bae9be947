import { useRef } from "react";
import { setThing } from "../graph/things";
import { edit } from "../state/document";
import { flowNodes, setFlow } from "../state/flow";
import { onCanvas } from "./view";

const LEAST = 80;
const STEP = 24;
const STEPS: Record<string, [number, number]> = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

/** The corner of a frame or a note by which its size is changed, with the pointer or with the arrow keys. */
export function Resize({ id, size: [width, height], label }: { id: string; size: [number, number]; label: string }) {
  const start = useRef<{ x: number; y: number } | null>(null);
  const sized = (x: number, y: number): [number, number] => [Math.max(LEAST, Math.round(x)), Math.max(LEAST, Math.round(y))];

  function show([x, y]: [number, number]) {
    setFlow(flowNodes().map((node) => (node.id === id ? { ...node, width: x, height: y } : node)));
  }

  function at(event: { clientX: number; clientY: number }): [number, number] {
    const here = onCanvas({ x: event.clientX, y: event.clientY });
    return sized(width + here.x - start.current!.x, height + here.y - start.current!.y);
  }

  return (
    <button
      type="button"
      className="resize nodrag nopan nokey"
      aria-label={`Size of ${label}`}
      title="Drag to resize"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = onCanvas({ x: event.clientX, y: event.clientY });
      }}
      onPointerMove={(event) => start.current && show(at(event))}
      onPointerUp={(event) => {
        if (!start.current) return;
        const size = at(event);
        start.current = null;
        edit((body) => setThing(body, id, { size }));
      }}
      onKeyDown={(event) => {
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        event.stopPropagation();
        edit((body) => setThing(body, id, { size: sized(width + step[0], height + step[1]) }), `size:${id}`);
      }}
    />
  );
}
