/** Tidy positions, left to right along the wires; the library that does it is fetched when it is first needed. */

import type { Edge } from "./edges";
import type { Position } from "./document";

export interface Size {
  width: number;
  height: number;
}

const COLUMN_GAP = 90;
const ROW_GAP = 28;

export async function arrange(sizes: Map<string, Size>, edges: readonly Edge[]): Promise<Record<string, Position>> {
  const { Graph, layout } = await import("@dagrejs/dagre");
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", ranksep: COLUMN_GAP, nodesep: ROW_GAP, ranker: "network-simplex" });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [name, size] of sizes) graph.setNode(name, { ...size });
  for (const { id, source, target } of edges) if (sizes.has(source) && sizes.has(target)) graph.setEdge(source, target, {}, id);
  layout(graph);
  const found: Record<string, Position> = {};
  for (const [name, { width, height }] of sizes) {
    const { x, y } = graph.node(name) as Position;
    found[name] = { x: Math.round(x - width / 2), y: Math.round(y - height / 2) };
  }
  return found;
}

/** Positions moved so that their top left corner is at `corner`. */
export function anchored(positions: Record<string, Position>, corner: Position): Record<string, Position> {
  const all = Object.values(positions);
  const dx = corner.x - Math.min(...all.map(({ x }) => x));
  const dy = corner.y - Math.min(...all.map(({ y }) => y));
  return Object.fromEntries(Object.entries(positions).map(([name, { x, y }]) => [name, { x: x + dx, y: y + dy }]));
}
