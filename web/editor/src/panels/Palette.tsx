import { useMemo } from "react";
import type { NodeInfo } from "../api/types";
import { colorOf, faceOf, type Catalog } from "../graph/catalog";
import { INPUTS, positionOf, type Position } from "../graph/document";
import { edgesOf } from "../graph/edges";
import { exposeInput, place } from "../graph/edit";
import { search } from "../graph/fuzzy";
import { howItFits, shortType } from "../graph/judge";
import { usable } from "../graph/subgraphs";
import { swapNode } from "../graph/swap";
import { focusNode, onCanvas } from "../canvas/view";
import { addNode, insert, swap, typeAt } from "../canvas/wiring";
import { edit, select } from "../state/document";
import { bodyOf, outerOf, state, useEditor, type LooseWire } from "../state/store";
import { closeDialog, Modal } from "./Modal";
import { SearchList } from "./SearchList";

const RECENT = "graph-engine:recent";
const DECLARE = "workflow:input";

/** Of what a sub-workflow is when it is added as a node. */
function ofThisFile(catalog: Catalog, wire: LooseWire | null, type: string): Entry[] {
  const outer = outerOf(state());
  const body = bodyOf(state());
  return usable(state().path, [...outer, body]).flatMap(([key, sub]) => {
    const face = faceOf(key, { ...body, nodes: { [key]: { node: `subgraph:${key}` } } }, catalog, outer);
    const fits = !wire || (wire.side === "source" ? face.inputs.some((socket) => howItFits(catalog, socket.type, type)) : face.outputs.some((socket) => howItFits(catalog, type, socket.type)));
    return fits ? [{ id: `subgraph:${key}`, title: sub.title || key, category: "sub-workflow", summary: sub.description || "A sub-workflow of this file.", info: null }] : [];
  });
}

interface Entry {
  id: string;
  title: string;
  category: string;
  summary: string;
  info: NodeInfo | null;
}

/** All node types to choose from: those that a wire fits when one was dropped; those used last first. */
export function Palette({ at, wire, swapped }: { at: Position; wire: LooseWire | null; swapped?: string }) {
  const catalog = useEditor((now) => now.catalog)!;
  const type = useMemo(() => (wire ? typeAt(wire) : ""), [wire]);
  const entries = useMemo(() => (swapped ? entriesInstead(catalog, swapped) : entriesFor(catalog, wire, type)), [catalog, wire, type, swapped]);
  const label = swapped ? `Swap ${swapped} for` : wire ? `Add a node that ${wire.side === "source" ? "takes" : "gives"} ${shortType(type)}` : "Add a node";
  return (
    <Modal label={label} className="palette" at={at}>
      {(wire || swapped) && <p className="about">{label}</p>}
      <SearchList
        label={label}
        placeholder="Search nodes"
        find={(query) => search(query, entries, (entry) => [entry.title, entry.id, entry.category, entry.summary])}
        keyOf={(entry) => entry.id}
        nothing="No node is called this."
        onPick={(entry) => (swapped ? swapFor(swapped, entry) : pick(entry, at, wire))}
        show={(entry) => (
          <>
            <span className="dot" style={{ background: colorOf(entry.info?.outputs[0]?.type ?? "", catalog) }} />
            <span className="what">
              {entry.title} <small>{entry.id}</small>
            </span>
            <small className="why">{entry.summary}</small>
          </>
        )}
      />
    </Modal>
  );
}

/** What could stand in a node's place: first what keeps most of its wires. */
function entriesInstead(catalog: Catalog, name: string): Entry[] {
  const [body, outer] = [bodyOf(state()), outerOf(state())];
  const lost = new Map([...catalog.nodes.keys()].map((id) => [id, swapNode(body, name, id, catalog, outer).lost.length]));
  return entriesFor(catalog, null, "")
    .filter((entry) => entry.id !== body.nodes[name]?.node && lost.has(entry.id))
    .map((entry) => ({ ...entry, summary: lost.get(entry.id) ? `loses ${lost.get(entry.id)} of the wires. ${entry.summary}` : entry.summary }))
    .sort((a, b) => lost.get(a.id)! - lost.get(b.id)!);
}

function swapFor(name: string, entry: Entry): void {
  closeDialog();
  remember(entry.id);
  swap(name, entry.id);
}

function entriesFor(catalog: Catalog, wire: LooseWire | null, type: string): Entry[] {
  const all = [...catalog.nodes.values()].filter((info) => !wire || takes(catalog, info, wire, type));
  const recent = readRecent();
  const rank = (info: NodeInfo) => (recent.includes(info.id) ? recent.indexOf(info.id) : 99) + (wire && !exactly(info, wire, type) ? 200 : 0);
  const entries = all
    .sort((a, b) => rank(a) - rank(b) || a.title.localeCompare(b.title))
    .map((info): Entry => ({ id: info.id, title: info.title, category: info.category, summary: info.summary, info }));
  entries.unshift(...ofThisFile(catalog, wire, type));
  if (wire?.side === "target" && wire.node !== INPUTS)
    entries.unshift({ id: DECLARE, title: "Input of the workflow", category: "workflow", summary: "A flag in the shell, a field in a form, a parameter over HTTP.", info: null });
  return entries;
}

function takes(catalog: Catalog, info: NodeInfo, wire: LooseWire, type: string): boolean {
  return wire.side === "source" ? info.inputs.some((socket) => howItFits(catalog, socket.type, type)) : info.outputs.some((socket) => howItFits(catalog, type, socket.type));
}

function exactly(info: NodeInfo, wire: LooseWire, type: string): boolean {
  return (wire.side === "source" ? info.inputs : info.outputs).some((socket) => socket.type === type);
}

function pick(entry: Entry, at: Position, wire: LooseWire | null): void {
  closeDialog();
  if (entry.id === DECLARE) return declare(wire!, at);
  remember(entry.id);
  const edge = wire && chosenEdge(wire);
  const name = addNode(entry.id, corner(at, wire), edge ? null : wire);
  if (edge) insert(edge, name);
  select([name]);
  setTimeout(() => focusNode(name), 50);
}

/** A wire that was double-clicked is selected: the new node goes into it. */
function chosenEdge(wire: LooseWire) {
  const { catalog, selectedEdges } = state();
  const edges = catalog ? edgesOf(bodyOf(state()), catalog, outerOf(state())) : [];
  return edges.find((edge) => selectedEdges.has(edge.id) && edge.source === wire.node && edge.output === wire.port);
}

function declare(wire: LooseWire, at: Position): void {
  const { catalog } = state();
  edit((body) => {
    const next = exposeInput(body, wire.node, wire.port, catalog!);
    return positionOf(next, INPUTS) ? next : place(next, { [INPUTS]: corner(at, wire) });
  });
}

/** So that the port that is wired lies near the pointer. */
function corner(at: Position, wire: LooseWire | null): Position {
  const { x, y } = onCanvas(at);
  return { x: wire?.side === "target" ? x - 264 : x, y: wire ? y - 50 : y };
}

function readRecent(): string[] {
  try {
    return JSON.parse(localStorage.getItem(RECENT) ?? "[]") as string[];
  } catch {
    return [];
  }
}

function remember(id: string): void {
  localStorage.setItem(RECENT, JSON.stringify([id, ...readRecent().filter((one) => one !== id)].slice(0, 8)));
}
