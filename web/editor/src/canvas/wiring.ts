/** Drawing wires: what fits, what is refused and why, and what a dropped wire leads to. */

import { faceOf, typeOf } from "../graph/catalog";
import { INPUTS, linksOf, type Body, type Position } from "../graph/document";
import { edgesOf, type Edge } from "../graph/edges";
import * as change from "../graph/edit";
import { placeBetween } from "../graph/geometry";
import { firstFitting, fittingPorts, howItFits, judge, type How, type Verdict, type Wire } from "../graph/judge";
import { pointsOf, routesOf, setPoints, wireKey } from "../graph/reroutes";
import { swapNode } from "../graph/swap";
import { edit, selectedNodes } from "../state/document";
import { tell } from "../state/notes";
import { bodyOf, outerOf, set, state, type LooseWire } from "../state/store";
import { onCanvas } from "./view";

export function verdict(wire: Wire): Verdict {
  const { catalog } = state();
  return catalog ? judge(wire, bodyOf(state()), catalog, outerOf(state())) : { ok: false, reason: "the catalog is not here yet" };
}

/** all: not a new wire, but every wire that the output has, on its way to another output. */
export function beginWire(wire: LooseWire, all = false): void {
  const { catalog } = state();
  if (!catalog) return;
  const moving = all && wiresOf(wire.node, wire.port, wire.side).length > 0;
  const fitting = moving ? outputsFor(wire) : fittingPorts(wire, bodyOf(state()), catalog, outerOf(state()));
  set({ wire: moving ? { ...wire, all: true } : wire, fitting });
}

export function endWire(): void {
  set({ wire: null, fitting: null });
}

/** Draw a wire; false and a reason for the person when it does not fit. */
export function draw(wire: Wire): boolean {
  const found = verdict(wire);
  if (!found.ok) {
    tell(`Not wired: ${found.reason}`, "info");
    return false;
  }
  edit((body) => change.connect(body, wire, found.how));
  if (found.how === "each") tell(`${wire.target} runs once for each element ([*])`);
  return true;
}

export function wireOf(from: LooseWire, node: string, port: string): Wire {
  return from.side === "source"
    ? { source: from.node, output: from.port, target: node, input: port }
    : { source: node, output: port, target: from.node, input: from.port };
}

/** Draw a loose wire to the first port of a node that takes it. */
export function drawToNode(from: LooseWire, node: string): boolean {
  const { catalog } = state();
  const body = bodyOf(state());
  if (!catalog) return false;
  const face = faceOf(node, body, catalog, outerOf(state()));
  const how = (port: string): How | null => {
    const found = verdict(wireOf(from, node, port));
    return found.ok ? found.how : null;
  };
  const sockets = from.side === "source" ? face.inputs : face.outputs;
  const port = firstFitting(sockets, (socket) => how(socket.name), (socket) => linksOf(body.nodes[node], socket.name).length > 0);
  if (!port) {
    tell(`Nothing of ${face.title} fits this wire`);
    return false;
  }
  return draw(wireOf(from, node, port.name));
}

/** The type at the loose end of a wire. */
export function typeAt(wire: LooseWire): string {
  const { catalog } = state();
  const body = bodyOf(state());
  if (!catalog) return "any";
  if (wire.side === "source") return typeOf(wire.node, wire.port, body, catalog, outerOf(state()));
  return faceOf(wire.node, body, catalog, outerOf(state())).inputs.find((socket) => socket.name === wire.port)?.type ?? "any";
}

/** Add a node, and wire it to the loose wire that asked for it. */
export function addNode(type: string, at: Position, wire: LooseWire | null): string {
  const { catalog } = state();
  if (!catalog) return "";
  const added = change.addNode(bodyOf(state()), type, at, catalog);
  edit(() => added.body);
  if (wire) mergeLast(() => drawToNode(wire, added.name));
  return added.name;
}

/** What is done in here is one step with what was done before it. */
function mergeLast(work: () => unknown): void {
  const before = state().history.past;
  work();
  set({ history: { ...state().history, past: before, key: "" } });
}

function edgesHere(): Edge[] {
  const { catalog } = state();
  return catalog ? edgesOf(bodyOf(state()), catalog, outerOf(state())) : [];
}

export function wiresOf(node: string, port: string, side: "source" | "target"): Edge[] {
  return edgesHere().filter((edge) => (side === "source" ? edge.source === node && edge.output === port : edge.target === node && edge.input === port));
}

export function breakPort(node: string, port: string, side: "source" | "target"): void {
  edit((body) => change.disconnect(body, wiresOf(node, port, side)));
}

export function cut(ids: readonly string[]): void {
  const gone = edgesHere().filter((edge) => ids.includes(edge.id));
  if (gone.length === 0) return;
  edit((body) => change.disconnect(body, gone));
  tell(`Cut ${gone.length === 1 ? "a wire" : `${gone.length} wires`}`);
}

/** The outputs to which every wire of an output could move. */
function outputsFor(from: LooseWire): Set<string> {
  const { catalog } = state();
  const edges = wiresOf(from.node, from.port, "source");
  const ports = edges.map((edge) => fittingPorts({ node: edge.target, port: edge.input, side: "target" }, bodyOf(state()), catalog!, outerOf(state())));
  return new Set([...(ports[0] ?? [])].filter((port) => ports.every((one) => one.has(port))));
}

/** Move every wire of an output to another output; those that do not fit there stay, with a reason. */
export function moveAll(from: LooseWire, to: { nodeId: string; id?: string | null; type: string }): void {
  if (to.type !== "source" || !to.id) return tell("Not moved: drop the wires on another output");
  const judged = wiresOf(from.node, from.port, "source").map((edge) => ({ edge, found: verdict({ source: to.nodeId, output: to.id!, target: edge.target, input: edge.input }) }));
  const moved = judged.filter(({ found }) => found.ok).map(({ edge }) => edge);
  edit((body) => change.moveWires(body, moved, { node: to.nodeId, output: to.id! }));
  for (const { edge, found } of judged) if (!found.ok) tell(`Not moved to ${edge.target}: ${found.reason}`);
}

/** A drag from an input that is wired takes the end of its (last) wire in hand, as the handle at the end of the wire does. */
export function takeEnd({ button, clientX, clientY }: { button: number; clientX: number; clientY: number }, node: string, port: string): boolean {
  const last = button === 0 ? wiresOf(node, port, "target").at(-1) : undefined;
  const end = last && document.querySelector(`.react-flow__edge[data-id="${CSS.escape(last.id)}"] .react-flow__edgeupdater-target`);
  return end?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, clientX, clientY, button })) ?? false;
}

/** A click on a port begins a wire, a click on another one ends it. */
export function clickPort(port: LooseWire): void {
  const { wire } = state();
  if (!wire) return beginWire(port);
  endWire();
  if (wire.node === port.node && wire.port === port.port && wire.side === port.side) return;
  if (wire.side === port.side) return beginWire(port);
  draw(wireOf(wire, port.node, port.port));
}

/** Lead a wire through the place of an event. */
export function addPoint(edge: Edge | undefined, { clientX, clientY }: { clientX: number; clientY: number }): void {
  const path = edge && document.querySelector<SVGPathElement>(`.react-flow__edge[data-id="${CSS.escape(edge.id)}"] .react-flow__edge-path`);
  if (!edge || !path) return;
  const at = onCanvas({ x: clientX, y: clientY });
  edit((body) => {
    const points = pointsOf(routesOf(body), wireKey(edge));
    const ends = [path.getPointAtLength(0), ...points, path.getPointAtLength(path.getTotalLength())];
    const place = placeBetween(ends, at) - 1;
    return setPoints(body, wireKey(edge), points.toSpliced(place, 0, at));
  });
}

/** How a node can be put into a wire, or null. */
export function insertion(edge: Edge, node: string): { input: string; output: string; how: [How, How] } | null {
  const { catalog } = state();
  const body = bodyOf(state());
  if (!catalog || node === edge.source || node === edge.target || node === INPUTS) return null;
  const outer = outerOf(state());
  const face = faceOf(node, body, catalog, outer);
  const given = typeOf(edge.source, edge.output, body, catalog, outer);
  const wanted = faceOf(edge.target, body, catalog, outer).inputs.find((socket) => socket.name === edge.input);
  const output = face.outputs.find((socket) => wanted && howItFits(catalog, wanted.type, socket.type));
  const input = firstFitting(face.inputs, (socket) => (howItFits(catalog, socket.type, given) === "one" ? "one" : null), () => false);
  if (!input || !output || !wanted) return null;
  return { input: input.name, output: output.name, how: ["one", howItFits(catalog, wanted.type, output.type)!] };
}

/** Whether a node has no wires. */
export function isFree(body: Body, node: string): boolean {
  if (Object.keys(body.nodes[node]?.from ?? {}).length > 0) return false;
  return !Object.values(body.nodes).some((entry) => Object.values(entry.from ?? {}).flat().some((text) => text.split(/[.[]/)[0] === node));
}

/** The wire under the pointer. */
export function edgeUnder(event: MouseEvent | TouchEvent): string | null {
  const at = "clientX" in event ? event : event.changedTouches[0];
  if (!at) return null;
  const found = document.elementsFromPoint(at.clientX, at.clientY).find((element) => element.closest(".react-flow__edge"));
  return found?.closest(".react-flow__edge")?.getAttribute("data-id") ?? null;
}

/** Put a node that stands free into a wire. */
export function insert(edge: Edge, node: string): boolean {
  const found = insertion(edge, node);
  if (!found) return false;
  mergeLast(() => edit((body) => change.insertInto(body, edge, { name: node, ...found }, found.how)));
  return true;
}

export function detachSelected(): void {
  const { catalog } = state();
  const names = selectedNodes().filter((name) => name !== INPUTS);
  if (catalog) edit((body) => change.extract(body, names, catalog, outerOf(state())));
}

/** The one wire that is selected. */
export function selectedEdge(): Edge | undefined {
  const { selectedEdges } = state();
  return selectedEdges.size === 1 ? edgesHere().find((edge) => selectedEdges.has(edge.id)) : undefined;
}

/** Wiring without a pointer: choose a port of the node, then a port that fits it. */
export function wireFrom(node: string, from: LooseWire | null = null): void {
  set({ dialog: { kind: "wire", node, from } });
}

/** Swap a node for one of another type; what found no place is told. */
export function swap(name: string, type: string): void {
  const { catalog } = state();
  if (!catalog) return;
  const { body, lost } = swapNode(bodyOf(state()), name, type, catalog, outerOf(state()));
  edit(() => body);
  if (lost.length > 0) tell(`No place was left for ${lost.join(", ")}`);
}
