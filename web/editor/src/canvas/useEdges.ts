/** The wires of the body on the canvas, ready to be drawn, and by their ids. */

import { useMemo } from "react";
import { colorOf, typeOf, type Catalog } from "../graph/catalog";
import type { Body } from "../graph/document";
import { edgesOf, type Edge } from "../graph/edges";
import { pointsOf, routesOf, wireKey } from "../graph/reroutes";
import { bodyOf, outerOf, state, useEditor } from "../state/store";
import type { WireEdge } from "./EdgeView";

export function useEdges(): [WireEdge[], Map<string, Edge>] {
  const body = useEditor(bodyOf);
  const catalog = useEditor((now) => now.catalog);
  const chosen = useEditor((now) => now.selectedEdges);
  const busy = useEditor((now) => Object.entries((now.path.length === 0 && now.run?.nodes) || {}).filter(([, node]) => node.state === "running").map(([id]) => id).join());
  const { nodes, inputs, subgraphs } = body;
  const routes = routesOf(body);
  const wires = useMemo(() => (catalog ? colored(body, catalog) : []), [nodes, inputs, subgraphs, catalog]);
  const byId = useMemo(() => new Map(wires.map(([edge]) => [edge.id, edge])), [wires]);
  const running = useMemo(() => new Set(busy.split(",")), [busy]);
  const edges = useMemo(
    () =>
      wires.map(([edge, color]): WireEdge => {
        const { id, source, output, target, input, each } = edge;
        const data = { color, each, busy: running.has(target), points: pointsOf(routes, wireKey(edge)) };
        return { id, type: "wire", source, sourceHandle: output, target, targetHandle: input, reconnectable: true, selected: chosen.has(id), data };
      }),
    [wires, chosen, running, routes],
  );
  return [edges, byId];
}

function colored(body: Body, catalog: Catalog): [Edge, string][] {
  const outer = outerOf(state());
  const colors = new Map<string, string>();
  return edgesOf(body, catalog, outer).map((edge) => {
    const key = `${edge.source}.${edge.output}`;
    if (!colors.has(key)) colors.set(key, colorOf(typeOf(edge.source, edge.output, body, catalog, outer), catalog));
    return [edge, colors.get(key)!];
  });
}
