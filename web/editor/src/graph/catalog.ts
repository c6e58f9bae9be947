/** What is installed, ready to be looked up, and the sockets of every node of a document. */

import type { Fits, KindInfo, NodeInfo, Socket, Widget } from "../api/types";
import { INPUTS, linksOf, type Body, type InputDecl, type NodeEntry } from "./document";

export interface Catalog {
  nodes: Map<string, NodeInfo>;
  kinds: Map<string, KindInfo>;
  fits: Fits;
}

export function makeCatalog(nodes: NodeInfo[], kinds: KindInfo[], fits: Fits): Catalog {
  return {
    nodes: new Map(nodes.map((node) => [node.id, node])),
    kinds: new Map(kinds.map((kind) => [kind.name, kind])),
    fits,
  };
}

/** A node of a document as it is drawn. known: false for a type that is not installed, which is kept as it is. */
export interface Face {
  title: string;
  summary: string;
  category: string;
  inputs: Socket[];
  outputs: Socket[];
  known: boolean;
}

const DECLARED: Record<string, string> = { seed: "int", choice: "text", file: "text", folder: "text", color: "text" };

/** The socket type of a declared input: `seed` travels as an int, `file` as a text. */
export function declaredType(type: string): string {
  const list = /^list\[(\w+)\]$/.exec(type);
  return list ? `list[${declaredType(list[1]!)}]` : (DECLARED[type] ?? type);
}

export function declaredWidget(decl: InputDecl, catalog: Catalog): Widget {
  const { type, min: low, max: high } = decl;
  if (type.startsWith("list[")) return catalog.kinds.has(type.slice(5, -1)) ? { type: "link" } : { type: "list" };
  if (type === "text" || type === "folder") return { type: "text", rows: type === "text" ? 3 : 1 };
  if (type === "file") return { type: "file", suffixes: [] };
  if (type === "color") return { type: "color" };
  if (type === "bool") return { type: "toggle" };
  if (type === "choice") return { type: "choice", choices: decl.choices ?? [] };
  if (type === "seed") return { type: "seed", low: low ?? 0, high: high ?? 2 ** 53, whole: true };
  if (type === "int" || type === "float") {
    const bounded = low !== undefined && high !== undefined;
    return { type: bounded ? "slider" : "number", low, high, whole: type === "int" };
  }
  return { type: "link" };
}

function declaredSocket(name: string, decl: InputDecl, catalog: Catalog): Socket {
  return {
    name,
    type: declaredType(decl.type),
    required: decl.default === undefined,
    default: decl.default,
    widget: declaredWidget(decl, catalog),
    description: decl.description,
  };
}

/** outer: the bodies around `body`, innermost last, in whose subgraphs a name may also be found. */
export function faceOf(name: string, body: Body, catalog: Catalog, outer: readonly Body[] = []): Face {
  if (name === INPUTS) return inputsFace(body, catalog);
  const entry = body.nodes[name]!;
  const info = catalog.nodes.get(entry.node);
  if (info) {
    const { summary, category, inputs, outputs } = info;
    return { title: entry.title || info.title, summary, category, inputs, outputs, known: true };
  }
  const inner = subgraphOf(entry, body, outer);
  return inner ? subgraphFace(entry, inner, catalog, [...outer, body]) : stub(name, entry, body);
}

function inputsFace(body: Body, catalog: Catalog): Face {
  const outputs = Object.entries(body.inputs ?? {}).map(([name, decl]) => declaredSocket(name, decl, catalog));
  const summary = "What the workflow asks for: flags in the shell, parameters over HTTP.";
  return { title: "Inputs", summary, category: "workflow", inputs: [], outputs, known: true };
}

export function subgraphOf(entry: NodeEntry, body: Body, outer: readonly Body[]): Body | undefined {
  const name = entry.node.startsWith("subgraph:") ? entry.node.slice("subgraph:".length) : undefined;
  if (name === undefined) return undefined;
  return [body, ...outer.toReversed()].map((one) => one.subgraphs?.[name]).find((found) => found !== undefined);
}

function subgraphFace(entry: NodeEntry, inner: Body, catalog: Catalog, outer: readonly Body[]): Face {
  const inputs = Object.entries(inner.inputs ?? {}).map(([name, decl]) => declaredSocket(name, decl, catalog));
  const outputs = Object.entries(inner.outputs ?? {}).map(([name, link]) => ({
    name,
    type: typeOfLink(link, inner, catalog, outer),
  }));
  const title = entry.title || inner.title || entry.node.slice("subgraph:".length);
  return { title, summary: inner.description ?? "", category: "workflow", inputs, outputs, known: true };
}

/** A node whose type nobody here knows: it has the inputs that it was given and the outputs that are used. */
function stub(name: string, entry: NodeEntry, body: Body): Face {
  const inputs = [...new Set([...Object.keys(entry.from ?? {}), ...Object.keys(entry.with ?? {})])];
  const outputs = new Set<string>();
  for (const [text, link] of everyLink(body)) if (link.node === name) outputs.add(link.output || text);
  return {
    title: entry.title || entry.node,
    summary: `${entry.node} is not installed here. Its values and links are kept.`,
    category: "",
    inputs: inputs.map((input) => ({ name: input, type: "any", widget: { type: "data" } })),
    outputs: [...outputs].map((output) => ({ name: output, type: "any" })),
    known: entry.node.startsWith("workflow:"),
  };
}

function* everyLink(body: Body): Generator<[string, { node: string; output: string }]> {
  for (const entry of Object.values(body.nodes))
    for (const input of Object.keys(entry.from ?? {}))
      for (const link of linksOf(entry, input)) yield ["output", link];
  for (const text of Object.values(body.outputs ?? {})) {
    const [node = "", output = ""] = text.replace("[*]", "").split(".");
    yield ["output", { node, output }];
  }
}

/** The output that a link means: the only one when it does not say. */
export function outputOf(face: Face, output: string): Socket | undefined {
  return output ? face.outputs.find((socket) => socket.name === output) : face.outputs[0];
}

function typeOfLink(text: string, body: Body, catalog: Catalog, outer: readonly Body[]): string {
  const [node = "", output = ""] = text.replace("[*]", "").split(".");
  return typeOf(node, output, body, catalog, outer);
}

const DEEPEST = 64;

/** The type that an output gives: lists for a node that runs once per element, variables by what is linked to them. */
export function typeOf(
  node: string,
  output: string,
  body: Body,
  catalog: Catalog,
  outer: readonly Body[] = [],
  depth = 0,
): string {
  if (depth > DEEPEST || (node !== INPUTS && !body.nodes[node])) return "any";
  const face = faceOf(node, body, catalog, outer);
  const socket = outputOf(face, output);
  if (!socket) return "any";
  const entry = body.nodes[node];
  const type = socket.variable ? bound(socket, face, entry, body, catalog, outer, depth) : socket.type;
  return type !== "any" && isMapped(entry) ? `list[${type}]` : type;
}

export function isMapped(entry: NodeEntry | undefined): boolean {
  return Object.keys(entry?.from ?? {}).some((input) => linksOf(entry, input).some((link) => link.each));
}

function bound(
  socket: Socket,
  face: Face,
  entry: NodeEntry | undefined,
  body: Body,
  catalog: Catalog,
  outer: readonly Body[],
  depth: number,
): string {
  for (const input of face.inputs.filter((one) => one.variable === socket.variable)) {
    const link = linksOf(entry, input.name)[0];
    if (!link) continue;
    const written = entry?.from?.[input.name];
    const given = typeOf(link.node, link.output, body, catalog, outer, depth + 1);
    const element = link.each ? itemOf(given) : given;
    const item = Array.isArray(written) || !input.type.startsWith("list[") ? element : itemOf(element);
    if (item && item !== "any") return socket.type.replace("any", item);
  }
  return socket.type === "any" ? "any" : socket.type;
}

/** `Image` of `list[Image]`; empty for what is no list. */
export function itemOf(type: string): string {
  return type.startsWith("list[") && type.endsWith("]") ? type.slice(5, -1) : "";
}

const PLAIN = "var(--plain)";

/** The colour of a type: that of its kind, also inside lists and unions; values without a kind share one. */
export function colorOf(type: string, catalog: Catalog | null): string {
  const inner = type.replace(/^(list\[)+/, "").replace(/\]+$/, "").split(" or ")[0]!;
  return catalog?.kinds.get(inner)?.color ?? PLAIN;
}
