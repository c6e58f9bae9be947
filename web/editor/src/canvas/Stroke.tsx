import { useEffect, useState, type RefObject } from "react";
import type { Position } from "../graph/document";
import { linesCross } from "../graph/geometry";
import { onCanvas } from "./view";
import { cut } from "./wiring";

const SAMPLES = 32;

/** Ctrl+Alt+drag, or a drag with Y held: a stroke across the canvas that cuts every wire it crosses. */
export function Stroke({ shell }: { shell: RefObject<HTMLDivElement | null> }) {
  const [points, setPoints] = useState<readonly Position[]>([]);
  useEffect(() => (shell.current ? listen(shell.current, setPoints) : undefined), [shell]);
  if (points.length < 2) return null;
  return (
    <svg className="stroke" aria-hidden="true">
      <polyline points={points.map(({ x, y }) => `${x},${y}`).join(" ")} />
    </svg>
  );
}

/** Take the pointer before the canvas does; returns how to stop. */
function listen(shell: HTMLElement, show: (points: readonly Position[]) => void): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let stroke: Position[] | null = null;
  let held = false;
  const typing = (target: EventTarget | null) => target instanceof Element && target.closest("input, textarea, select, dialog") !== null;

  function begin(event: PointerEvent) {
    if (event.button !== 0 || !(held || ((event.ctrlKey || event.metaKey) && event.altKey)) || typing(event.target)) return;
    event.stopPropagation();
    event.preventDefault();
    stroke = [{ x: event.clientX, y: event.clientY }];
  }

  function go(event: PointerEvent) {
    if (!stroke) return;
    stroke = [...stroke, { x: event.clientX, y: event.clientY }];
    show(stroke);
  }

  function end() {
    if (!stroke) return;
    cut(crossed(shell, stroke));
    stroke = null;
    show([]);
  }

  const mine = (event: Event) => stroke && event.stopPropagation();
  shell.addEventListener("pointerdown", begin, { signal, capture: true });
  shell.addEventListener("mousedown", mine, { signal, capture: true });
  addEventListener("pointermove", go, { signal });
  addEventListener("pointerup", end, { signal });
  addEventListener("keydown", (event) => (held ||= event.key.toLowerCase() === "y" && !event.ctrlKey && !event.metaKey && !typing(event.target)), { signal });
  addEventListener("keyup", (event) => (held &&= event.key.toLowerCase() !== "y"), { signal });
  addEventListener("blur", () => (held = false), { signal });
  return () => stop.abort();
}

/** The ids of the wires that a stroke, in pixels of the screen, crosses. */
function crossed(shell: HTMLElement, stroke: readonly Position[]): string[] {
  const line = stroke.map(onCanvas);
  return [...shell.querySelectorAll<SVGGElement>(".react-flow__edge")]
    .filter((edge) => {
      const path = edge.querySelector<SVGPathElement>(".react-flow__edge-path");
      return path !== null && linesCross(line, sampled(path));
    })
    .map((edge) => edge.dataset.id!);
}

function sampled(path: SVGPathElement): Position[] {
  const length = path.getTotalLength();
  return Array.from({ length: SAMPLES + 1 }, (_, at) => path.getPointAtLength((length * at) / SAMPLES));
}
