/** Nodes as text on the system's clipboard: a part of a workflow document, which other windows and editors understand. */

import { freeName, keepLinks, mapLinks, place } from "./edit";
import { INPUTS, isWorkflow, positionOf, type Body, type NodeEntry, type Position, type Workflow } from "./document";
import { addThing, isThing, placeOf, setThing, thingOf, thingsOf, type Layer } from "./things";

/** The nodes with the wires between them. */
export function copyOf(body: Body, names: readonly string[]): Workflow {
  const kept = new Set(names.filter((name) => name in body.nodes));
  const nodes: Record<string, NodeEntry> = {};
  const positions: Record<string, Position> = {};
  const subgraphs: Record<string, Body> = {};
  for (const name of kept) {
    nodes[name] = body.nodes[name]!;
    const at = positionOf(body, name);
    if (at) positions[name] = at;
    const sub = nodes[name]!.node.replace(/^subgraph:/, "");
    if (body.subgraphs?.[sub]) subgraphs[sub] = body.subgraphs[sub];
  }
  const copied = place(withThings({ nodes }, body, names), positions);
  return { format: 1, ...copied, ...(Object.keys(subgraphs).length > 0 ? { subgraphs } : {}) };
}

export function readCopy(text: string): Workflow | null {
  try {
    const data: unknown = JSON.parse(text);
    return isWorkflow(data) ? data : null;
  } catch {
    return null;
  }
}

export interface Pasted {
  body: Body;
  names: string[];
}

/**
 * Put copied nodes into a document under names that are free. Wires among them come along; wires from outside only
 * where `inbound` asks for them and this document has such a node. `at` is where their top left corner comes to lie.
 */
export function paste(body: Body, copied: Workflow, at: Position | null, inbound = false): Pasted {
  const names = new Map<string, string>();
  const taken = new Set(Object.keys(body.nodes));
  for (const name of Object.keys(copied.nodes)) {
    const found = freeName(name.replace(/_\d+$/, ""), taken);
    taken.add(found);
    names.set(name, found);
  }
  const outside = (node: string) => inbound && (node in body.nodes || (node === INPUTS && body.inputs !== undefined));
  const nodes: Record<string, NodeEntry> = { ...body.nodes };
  for (const [name, entry] of Object.entries(copied.nodes)) {
    const kept = keepLinks(entry, (link) => names.has(link.node) || outside(link.node));
    nodes[names.get(name)!] = mapLinks(kept, (link) => ({ ...link, node: names.get(link.node) ?? link.node }));
  }
  const next: Body = { ...body, nodes };
  const news = Object.entries(copied.subgraphs ?? {}).filter(([name]) => !body.subgraphs?.[name]);
  if (news.length > 0) next.subgraphs = { ...body.subgraphs, ...Object.fromEntries(news) };
  const things = new Map<string, string>();
  let whole = next;
  for (const id of thingsOf(copied)) {
    const added = addThing(whole, id.split(".")[0] as Layer, thingOf(copied, id)!);
    whole = added.body;
    things.set(id, added.id);
  }
  const all = new Map([...names, ...things]);
  return { body: place(whole, positionsAt(copied, all, at)), names: [...all.values()] };
}

function withThings(copy: Body, body: Body, ids: readonly string[]): Body {
  return ids.filter(isThing).reduce((next, id) => setThing(next, id, thingOf(body, id) ?? {}), copy);
}

const STEP = 40;

function positionsAt(copied: Workflow, names: Map<string, string>, at: Position | null): Record<string, Position> {
  const old = [...names.keys()].map((name) => placeOf(copied, name) ?? { x: 0, y: 0 });
  const left = Math.min(...old.map(({ x }) => x));
  const top = Math.min(...old.map(({ y }) => y));
  const by = at ? { x: at.x - left, y: at.y - top } : { x: STEP, y: STEP };
  return Object.fromEntries([...names.values()].map((name, place) => [name, { x: old[place]!.x + by.x, y: old[place]!.y + by.y }]));
}
