/** What the canvas shows: where it looks, and what is under the pointer. */

import type { ReactFlowInstance } from "@xyflow/react";
import { state, type FlowNode } from "../state/store";
import type { WireEdge } from "./EdgeView";
import type { Position } from "../graph/document";

let flow: ReactFlowInstance<FlowNode, WireEdge> | null = null;
let pointer: Position | null = null;

export function useInstance(instance: ReactFlowInstance<FlowNode, WireEdge>): void {
  flow = instance;
}

export function pointAt(place: Position): void {
  pointer = place;
}

const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200);

export function fitAll(): void {
  void flow?.fitView({ duration: calm(), padding: 0.12, maxZoom: 1 });
}

export function fitSelection(): void {
  const nodes = state().flow.filter((node) => node.selected);
  void flow?.fitView({ nodes: nodes.length > 0 ? nodes : undefined, duration: calm(), padding: 0.3, maxZoom: 1.2 });
}

export function showNode(id: string): void {
  void flow?.fitView({ nodes: [{ id }], duration: calm(), padding: 0.5, maxZoom: 1 });
}

export const zoomBy = (factor: number) => void flow?.zoomTo(flow.getZoom() * factor, { duration: calm() });
export const zoomTo = (zoom: number) => void flow?.zoomTo(zoom, { duration: calm() });

/** Where the pointer is on the canvas; the middle of the canvas when it is elsewhere. */
export function pointerPlace(): Position {
  const pane = document.querySelector(".react-flow")?.getBoundingClientRect();
  const middle = pane ? { x: pane.left + pane.width / 2, y: pane.top + pane.height / 2 } : { x: 400, y: 300 };
  const inside = pointer && pane && pointer.x > pane.left && pointer.x < pane.right && pointer.y > pane.top && pointer.y < pane.bottom;
  return inside ? pointer! : middle;
}

/** A place of the screen as a place of the document. */
export function onCanvas(place: Position): Position {
  return flow ? flow.screenToFlowPosition(place) : place;
}

export function focusNode(id: string): void {
  document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
}
