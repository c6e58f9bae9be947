/** Dragging nodes: Ctrl at the beginning leaves a clone, Ctrl later snaps, Alt takes the node out of its wires. */

import type { NodeChange } from "@xyflow/react";
import { copyOf, paste } from "../graph/clipboard";
import { INPUTS, type Position } from "../graph/document";
import { extract, place } from "../graph/edit";
import type { Edge } from "../graph/edges";
import { isOn, isThing } from "../graph/things";
import { boxesOf, edit, select } from "../state/document";
import { flowNodes, type FlowNode } from "../state/flow";
import { bodyOf, outerOf, state } from "../state/store";
import { edgeUnder, insert, insertion, isFree } from "./wiring";

export const GRID = 24;

interface Drag {
  names: string[];
  start: Map<string, Position>;
  /** What stands on each frame that is dragged. */
  carries: Map<string, string[]>;
  clone: boolean;
  /** The key of the history under which the whole drag is one step. */
  key: string;
}

let drag: Drag | null = null;
let count = 0;

export const isDragging = () => drag !== null;

export function startDrag(event: { ctrlKey: boolean; metaKey: boolean; altKey: boolean }, nodes: readonly FlowNode[]): void {
  const { catalog } = state();
  const names = nodes.map((node) => node.id);
  const start = new Map(flowNodes().map((node) => [node.id, node.position]));
  const carries = new Map(names.filter(isFrame).map((frame) => [frame, standingOn(frame).filter((id) => !names.includes(id))]));
  drag = { names, start, carries, clone: event.ctrlKey || event.metaKey, key: `drag:${++count}` };
  const wired = names.filter((name) => name !== INPUTS && !isThing(name) && !isFree(bodyOf(state()), name));
  if (event.altKey && catalog && wired.length > 0) edit((body) => extract(body, wired, catalog, outerOf(state())), drag.key);
}

/** What React Flow wants to change, on the grid while Ctrl is held. */
export function snapped(changes: NodeChange<FlowNode>[], ctrl: boolean): NodeChange<FlowNode>[] {
  if (!drag || drag.clone || !ctrl) return changes;
  const on = (value: number) => Math.round(value / GRID) * GRID;
  return changes.map((one) => (one.type === "position" && one.position ? { ...one, position: { x: on(one.position.x), y: on(one.position.y) } } : one));
}

/** With what stands on the frames that move, by the pointer or by keys. */
export function carried(changes: NodeChange<FlowNode>[]): NodeChange<FlowNode>[] {
  const more: NodeChange<FlowNode>[] = [];
  for (const one of changes) {
    if (one.type !== "position" || !one.position || !isFrame(one.id) || (!drag && one.dragging !== undefined && one.dragging)) continue;
    const now = flowNodes();
    const from = drag?.start.get(one.id) ?? now.find((node) => node.id === one.id)?.position;
    const moving = new Set(changes.flatMap((change) => (change.type === "position" ? [change.id] : [])));
    const load = drag ? (drag.carries.get(one.id) ?? []) : standingOn(one.id).filter((id) => !moving.has(id));
    for (const id of load) {
      const start = drag?.start.get(id) ?? now.find((node) => node.id === id)?.position;
      if (from && start) more.push({ id, type: "position", dragging: one.dragging, position: { x: start.x + one.position.x - from.x, y: start.y + one.position.y - from.y } });
    }
  }
  return more.length > 0 ? [...changes, ...more] : changes;
}

const isFrame = (id: string) => id.startsWith("$frames.");

function standingOn(frame: string): string[] {
  const boxes = boxesOf(flowNodes().map((node) => node.id));
  const ground = boxes.get(frame)!;
  return [...boxes].filter(([id, box]) => id !== frame && isOn(box, ground)).map(([id]) => id);
}

export function stopDrag(event: MouseEvent | TouchEvent, edges: Map<string, Edge>): void {
  if (!drag) return;
  const { clone, key, carries } = drag;
  const names = [...new Set([...drag.names, ...[...carries.values()].flat()])];
  drag = null;
  const dragged = new Set(names);
  const places = Object.fromEntries(flowNodes().filter((node) => dragged.has(node.id)).map((node) => [node.id, node.position]));
  if (clone) return cloneTo(places);
  edit((body) => place(body, places), key);
  if (names.length !== 1 || event.altKey || isThing(names[0]!)) return;
  const edge = edges.get(edgeUnder(event) ?? "");
  if (edge && isFree(bodyOf(state()), names[0]!)) insert(edge, names[0]!);
}

/** The nodes go back to where they were, and copies of them stand where they were dropped. */
function cloneTo(places: Record<string, Position>): void {
  const names = Object.keys(places).filter((name) => name !== INPUTS);
  const at = { x: Math.min(...names.map((name) => places[name]!.x)), y: Math.min(...names.map((name) => places[name]!.y)) };
  if (names.length === 0) return edit((body) => ({ ...body }));
  const pasted = paste(bodyOf(state()), copyOf(bodyOf(state()), names), at);
  edit(() => pasted.body);
  select(pasted.names);
}

/** Light up the wire that a dragged node would be put into. */
export function highlight(event: MouseEvent | TouchEvent, node: string, edges: Map<string, Edge>): void {
  for (const element of document.querySelectorAll(".react-flow__edge.takes")) element.classList.remove("takes");
  const id = event.altKey || isThing(node) || !isFree(bodyOf(state()), node) ? null : edgeUnder(event);
  const edge = edges.get(id ?? "");
  if (edge && insertion(edge, node)) document.querySelector(`.react-flow__edge[data-id="${CSS.escape(edge.id)}"]`)?.classList.add("takes");
}
