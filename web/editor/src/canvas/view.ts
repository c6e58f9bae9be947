/** What the canvas shows: where it looks, and what is under the pointer. */

import { getViewportForBounds, type ReactFlowInstance } from "@xyflow/react";
import { flowNodes, type FlowNode } from "../state/flow";
import type { WireEdge } from "./EdgeView";
import { state } from "../state/store";
import type { Position } from "../graph/document";

/** From so many nodes on, those out of sight are not drawn, and a look at all of them is not where one begins. */
export const MANY = 150;
export const MIN_ZOOM = 0.05;
const READABLE = 0.4;

let flow: ReactFlowInstance<FlowNode, WireEdge> | null = null;
let pointer: Position | null = null;

export function useInstance(instance: ReactFlowInstance<FlowNode, WireEdge>): void {
  flow = instance;
}

export function pointAt(place: Position): void {
  pointer = place;
}

const COMFORTABLE = 0.62;
const MARGIN = 24;

const calm = () => (state().settings.motion === "never" || matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200);

/** React Flow's own fitView waits until every node was drawn, which those out of sight never are. */
function fit(nodes: readonly FlowNode[], padding: number, maxZoom: number): void {
  const pane = document.querySelector(".react-flow")?.getBoundingClientRect();
  if (!flow || !pane || nodes.length === 0) return;
  const bounds = flow.getNodesBounds(nodes.map((node) => node.id));
  void flow.setViewport(getViewportForBounds(bounds, pane.width, pane.height, MIN_ZOOM, maxZoom, padding), { duration: calm() });
}

export const fitAll = () => fit(flowNodes(), 0.12, 1);

/** Where one begins: everything, as long as it can be read there; else the upper left part. */
export function firstLook(): void {
  const nodes = flowNodes();
  if (nodes.length <= MANY) return fitAll();
  const left = Math.min(...nodes.map((node) => node.position.x));
  const top = Math.min(...nodes.map((node) => node.position.y));
  void flow?.setViewport({ x: 40 - left * READABLE, y: 40 - top * READABLE, zoom: READABLE });
}

/** Everything as far as it can be read then: of a wide workflow its left end, where the inputs are. */
export function showBeginning(): void {
  const pane = document.querySelector(".react-flow")?.getBoundingClientRect();
  if (!flow || !pane) return;
  const { x, y, width, height } = flow.getNodesBounds(flowNodes().map((node) => node.id));
  const zoom = Math.min(1, Math.max(COMFORTABLE, (0.9 * pane.width) / width));
  void flow.setViewport({ x: MARGIN - x * zoom, y: pane.height / 2 - (y + height / 2) * zoom, zoom });
}

export function fitSelection(): void {
  const chosen = flowNodes().filter((node) => node.selected);
  fit(chosen.length > 0 ? chosen : flowNodes(), 0.3, 1.2);
}

export function showNode(id: string): void {
  fit(flowNodes().filter((node) => node.id === id), 0.5, 1);
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
