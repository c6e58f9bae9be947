/** What the canvas draws. A store of its own: a drag changes it at every move, and nothing else is to hear of that. */

import { Position, type Node } from "@xyflow/react";
import { create } from "zustand";
import { faceOf } from "../graph/catalog";
import { drawn, type Body } from "../graph/document";
import { lookOf } from "../graph/looks";
import { portsOf, sizeOf } from "../graph/size";
import { isThing, placeOf, thingOf, thingsOf } from "../graph/things";
import { outerOf, state } from "./store";

export type FlowNode = Node<Record<string, never>, "stage" | "frame" | "note">;

export const useFlow = create<{ nodes: FlowNode[] }>(() => ({ nodes: [] }));

export const flowNodes = () => useFlow.getState().nodes;
export const setFlow = (nodes: FlowNode[]) => useFlow.setState({ nodes });

/** The canvas's nodes for a body; a node that did not change stays the same object, so that it is not drawn again. */
export function flowOf(body: Body, old: readonly FlowNode[], selected?: ReadonlySet<string>): FlowNode[] {
  const known = new Map(old.map((node) => [node.id, node]));
  return [...thingsOf(body), ...drawn(body)].map((id) => {
    const before = known.get(id);
    const position = placeOf(body, id) ?? before?.position ?? { x: 0, y: 0 };
    const chosen = selected ? selected.has(id) : (before?.selected ?? false);
    const [width, height] = (isThing(id) && thingOf(body, id)?.size) || [before?.width, before?.height];
    const draggable = lookOf(body, id)?.pinned === true ? false : undefined;
    if (before && before.position.x === position.x && before.position.y === position.y && before.selected === chosen && before.width === width && before.height === height && before.draggable === draggable) return before;
    return { ...(before ?? begun(id, body)), position, selected: chosen, width, height, draggable } as FlowNode;
  });
}

/** A node as it is first drawn. Frames lie behind everything, and only their titles are there for the pointer. */
function begun(id: string, body: Body): Partial<FlowNode> {
  if (id.startsWith("$frames.")) return { id, type: "frame", data: {}, zIndex: -2000, dragHandle: ".frame-title", style: { pointerEvents: "none" } };
  return isThing(id) ? { id, type: "note", data: {}, zIndex: -1000 } : { id, type: "stage", data: {}, zIndex: 0, ...guessed(id, body) };
}

const PORT_SIZE = 14;

/** The size and the ports of a node that was not drawn yet, so that only those in sight need be drawn. */
function guessed(node: string, body: Body): Partial<FlowNode> {
  const { catalog } = state();
  if (!catalog) return {};
  const face = faceOf(node, body, catalog, outerOf(state()));
  const { width, height } = sizeOf(node, face, body.nodes[node]);
  const half = PORT_SIZE / 2;
  const handles = portsOf(node, face, body.nodes[node]).map(({ id, side, x, y }) => ({
    id,
    type: side,
    position: side === "source" ? Position.Right : Position.Left,
    ...{ x: x - half, y: y - half, width: PORT_SIZE, height: PORT_SIZE },
  }));
  return { initialWidth: width, initialHeight: height, handles };
}
