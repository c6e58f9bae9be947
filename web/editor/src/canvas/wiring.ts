/** Drawing wires: what fits, what is refused and why, and what a dropped wire leads to. */

import { faceOf, typeOf } from "../graph/catalog";
import { INPUTS, linksOf, type Position } from "../graph/document";
import { edgesOf, type Edge } from "../graph/edges";
import * as change from "../graph/edit";
import { firstFitting, fittingPorts, howItFits, judge, type How, type Verdict, type Wire } from "../graph/judge";
import { edit } from "../state/document";
import { tell } from "../state/notes";
import { bodyOf, outerOf, set, state, type LooseWire } from "../state/store";

export function verdict(wire: Wire): Verdict {
  const { catalog } = state();
  return catalog ? judge(wire, bodyOf(state()), catalog, outerOf(state())) : { ok: false, reason: "the catalog is not here yet" };
}

export function beginWire(wire: LooseWire): void {
  const { catalog } = state();
  if (catalog) set({ wire, fitting: fittingPorts(wire, bodyOf(state()), catalog, outerOf(state())) });
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

export function breakPort(node: string, port: string, side: "source" | "target"): void {
  const { catalog } = state();
  if (!catalog) return;
  edit((body) => {
    const mine = (edge: Edge) => (side === "source" ? edge.source === node && edge.output === port : edge.target === node && edge.input === port);
    return change.disconnect(body, edgesOf(body, catalog, outerOf(state())).filter(mine));
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

/** Put a node that stands free into a wire. */
export function insert(edge: Edge, node: string): boolean {
  const found = insertion(edge, node);
  if (!found) return false;
  mergeLast(() => edit((body) => change.insertInto(body, edge, { name: node, ...found }, found.how)));
  return true;
}
