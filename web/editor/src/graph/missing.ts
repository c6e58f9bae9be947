/** What a workflow asks for that is not installed here. */

import type { Catalog } from "./catalog";
import type { Body } from "./document";

export interface MissingPack {
  /** The part of a node type before the dot, which is the name of the plugin's pack. */
  pack: string;
  /** How many nodes of the document are of it. */
  nodes: number;
  types: string[];
  /** Whether others of its nodes are installed: then the plugin is there, but of another version. */
  installed: boolean;
}

/** The packs that are missing, the one that is needed most first; subgraphs are looked through. */
export function missingPacks(body: Body, catalog: Catalog): MissingPack[] {
  const counts = new Map<string, number>();
  count(body, catalog, counts);
  if (counts.size === 0) return [];
  const installed = new Set([...catalog.nodes.values()].map((info) => info.pack));
  const packs = new Map<string, MissingPack>();
  for (const [type, nodes] of counts) {
    const pack = type.split(".")[0]!;
    const found = packs.get(pack) ?? { pack, nodes: 0, types: [], installed: installed.has(pack) };
    packs.set(pack, { ...found, nodes: found.nodes + nodes, types: [...found.types, type] });
  }
  return [...packs.values()].sort((a, b) => b.nodes - a.nodes);
}

function count(body: Body, catalog: Catalog, counts: Map<string, number>): void {
  for (const { node } of Object.values(body.nodes))
    if (!catalog.nodes.has(node) && !/^(subgraph|workflow):/.test(node)) counts.set(node, (counts.get(node) ?? 0) + 1);
  for (const inner of Object.values(body.subgraphs ?? {})) count(inner, catalog, counts);
}
