/** Tidy positions, left to right along the wires; parts without a wire between them lie below each other. */

import type { Edge } from "./edges";
import type { Position } from "./document";
import { layered, type Wire } from "./layers";

export interface Size {
  width: number;
  height: number;
}

const COLUMN_GAP = 90;
const ROW_GAP = 28;
const PART_GAP = 60;

export function arrange(sizes: Map<string, Size>, edges: readonly Edge[]): Record<string, Position> {
  const wires = wiresOf(edges.filter(({ source, target }) => sizes.has(source) && sizes.has(target)));
  const found: Record<string, Position> = {};
  let below = 0;
  const all = parts([...sizes.keys()], wires);
  for (const part of all.filter((names) => names.length > 1)) {
    const inside = new Set(part);
    const here = new Map(part.map((name) => [name, sizes.get(name)!]));
    const middles = layered(here, wires.filter(({ source }) => inside.has(source)), { column: COLUMN_GAP, row: ROW_GAP });
    const corner = (name: string) => ({ x: middles.get(name)!.x - here.get(name)!.width / 2, y: middles.get(name)!.y - here.get(name)!.height / 2 });
    const top = Math.min(...part.map((name) => corner(name).y));
    for (const name of part) found[name] = { x: Math.round(corner(name).x), y: Math.round(corner(name).y - top + below) };
    below = Math.max(...part.map((name) => found[name]!.y + here.get(name)!.height)) + PART_GAP;
  }
  const single = all.filter((names) => names.length === 1).map(([name]) => name!);
  return { ...found, ...inRows(single, sizes, below) };
}

/** Nodes without wires, as many in a row as there are rows. */
function inRows(names: readonly string[], sizes: ReadonlyMap<string, Size>, top: number): Record<string, Position> {
  const found: Record<string, Position> = {};
  const across = Math.ceil(Math.sqrt(names.length));
  let y = top;
  for (let from = 0; from < names.length; from += across) {
    const row = names.slice(from, from + across);
    let x = 0;
    for (const name of row) {
      found[name] = { x, y };
      x += sizes.get(name)!.width + ROW_GAP;
    }
    y += Math.max(...row.map((name) => sizes.get(name)!.height)) + ROW_GAP;
  }
  return found;
}

/** Wires with the places of their ends among those of their nodes. */
function wiresOf(edges: readonly Edge[]): Wire[] {
  const inputs = new Map<string, string[]>();
  const outputs = new Map<string, string[]>();
  const note = (known: Map<string, string[]>, node: string, port: string) => {
    const ports = known.get(node) ?? [];
    if (!ports.includes(port)) known.set(node, [...ports, port]);
  };
  for (const { source, output, target, input } of edges) {
    note(outputs, source, output);
    note(inputs, target, input);
  }
  const share = (ports: readonly string[], port: string) => (ports.indexOf(port) + 0.5) / ports.length;
  return edges.map(({ source, output, target, input }) => ({ source, target, exit: share(outputs.get(source)!, output), port: share(inputs.get(target)!, input) }));
}

/** The parts that hang together, the largest first. */
function parts(names: readonly string[], wires: readonly Wire[]): string[][] {
  const head = new Map(names.map((name) => [name, name]));
  const find = (name: string): string => {
    let at = name;
    while (head.get(at) !== at) head.set(at, head.get(head.get(at)!)!), (at = head.get(at)!);
    return at;
  };
  for (const { source, target } of wires) head.set(find(source), find(target));
  const groups = new Map<string, string[]>();
  for (const name of names) groups.set(find(name), [...(groups.get(find(name)) ?? []), name]);
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

/** Positions moved so that their top left corner is at `corner`. */
export function anchored(positions: Record<string, Position>, corner: Position): Record<string, Position> {
  const all = Object.values(positions);
  const dx = corner.x - Math.min(...all.map(({ x }) => x));
  const dy = corner.y - Math.min(...all.map(({ y }) => y));
  return Object.fromEntries(Object.entries(positions).map(([name, { x, y }]) => [name, { x: x + dx, y: y + dy }]));
}
