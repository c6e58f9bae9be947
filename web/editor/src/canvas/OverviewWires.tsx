import { ViewportPortal } from "@xyflow/react";
import { useMemo } from "react";
import type { Edge } from "../graph/edges";
import { portsOf } from "../graph/size";
import { faceOf } from "../graph/catalog";
import type { Position } from "../graph/document";
import { useFlow } from "../state/flow";
import { bodyOf, outerOf, state } from "../state/store";

/** All wires of a large graph seen from far away, as one line each in one path: there nobody takes hold of them. */
export function OverviewWires({ edges }: { edges: readonly Edge[] }) {
  const nodes = useFlow((now) => now.nodes);
  const ports = useMemo(() => portsByNode(edges), [edges]);
  const path = useMemo(() => {
    const places = new Map(nodes.map((node) => [node.id, node.position]));
    return edges.map((edge) => line(places, ports, edge)).join("");
  }, [nodes, edges, ports]);
  return (
    <ViewportPortal>
      <svg className="overview-wires">
        <path d={path} />
      </svg>
    </ViewportPortal>
  );
}

type Ports = Map<string, Map<string, Position>>;

function line(places: Map<string, Position>, ports: Ports, { source, output, target, input }: Edge): string {
  const [from, to] = [places.get(source), places.get(target)];
  const [start, end] = [ports.get(source)?.get(`source.${output}`), ports.get(target)?.get(`target.${input}`)];
  return from && to && start && end ? `M${from.x + start.x} ${from.y + start.y}L${to.x + end.x} ${to.y + end.y}` : "";
}

function portsByNode(edges: readonly Edge[]): Ports {
  const body = bodyOf(state());
  const { catalog } = state();
  const names = new Set(edges.flatMap(({ source, target }) => [source, target]));
  const found: Ports = new Map();
  for (const name of catalog ? names : []) {
    const places = portsOf(name, faceOf(name, body, catalog!, outerOf(state())), body.nodes[name]);
    found.set(name, new Map(places.map(({ id, side, x, y }) => [`${side}.${id}`, { x, y }])));
  }
  return found;
}
