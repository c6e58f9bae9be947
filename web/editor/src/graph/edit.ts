/** Every change of a document as a function from the old one to the new one; what does not change stays the same object. */

import { faceOf, itemOf, outputOf, type Catalog } from "./catalog";
import {
  formatLink,
  INPUTS,
  isName,
  isRecord,
  linksOf,
  parseLink,
  type Body,
  type InputDecl,
  type Link,
  type NodeEntry,
  type Position,
} from "./document";
import type { Edge } from "./edges";
import type { How, Wire } from "./judge";
import { renameInRoutes } from "./reroutes";
import { isThing, setThing } from "./things";

/** A name that is free: `denoise`, `denoise_2`, ... */
export function freeName(wanted: string, taken: Iterable<string>): string {
  const used = new Set(taken).add(INPUTS);
  const base = isName(wanted) || wanted === INPUTS ? wanted : wanted.replace(/[^A-Za-z0-9_-]+/g, "_").replace(/^[^A-Za-z_]+/, "");
  const name = base || "node";
  for (let count = 1; ; count++) {
    const found = count === 1 ? name : `${name}_${count}`;
    if (!used.has(found)) return found;
  }
}

export function place(body: Body, positions: Record<string, Position>): Body {
  const ui = { ...body.ui };
  const things = Object.entries(positions).filter(([name]) => isThing(name));
  for (const [name, { x, y }] of Object.entries(positions))
    if (!isThing(name)) ui[name] = { ...(isRecord(ui[name]) ? ui[name] : {}), position: [Math.round(x), Math.round(y)] };
  return things.reduce<Body>((next, [id, { x, y }]) => setThing(next, id, { at: [Math.round(x), Math.round(y)] }), { ...body, ui });
}

export interface Added {
  body: Body;
  name: string;
}

/** A new node; one that writes files also becomes an output of the workflow, so that its result is shown. */
export function addNode(body: Body, type: string, at: Position, catalog: Catalog): Added {
  const info = catalog.nodes.get(type);
  const name = freeName(type.split(/[.:]/).pop()!, Object.keys(body.nodes));
  const entry: NodeEntry = info ? { node: type, version: info.version } : { node: type };
  let next: Body = { ...body, nodes: { ...body.nodes, [name]: entry } };
  const file = info?.outputs.find((socket) => socket.type.startsWith("Saved"));
  if (file) next = declareOutput(next, name, file.name);
  return { body: place(next, { [name]: at }), name };
}

export function declareOutput(body: Body, node: string, output: string): Body {
  const name = freeName(output, Object.keys(body.outputs ?? {}));
  return { ...body, outputs: { ...body.outputs, [name]: `${node}.${output}` } };
}

/** The names under which an output is an output of the workflow. */
export function declaredAs(body: Body, node: string, output: string, only: boolean): string[] {
  return Object.entries(body.outputs ?? {})
    .filter(([, text]) => {
      const link = parseLink(text);
      return link?.node === node && (link.output === output || (link.output === "" && only));
    })
    .map(([name]) => name);
}

export function toggleOutput(body: Body, node: string, output: string, only: boolean): Body {
  const names = declaredAs(body, node, output, only);
  if (names.length === 0) return declareOutput(body, node, output);
  return { ...body, outputs: without(body.outputs ?? {}, names) };
}

export function removeNodes(body: Body, names: Iterable<string>): Body {
  const gone = new Set(names);
  const nodes: Record<string, NodeEntry> = {};
  for (const [name, entry] of Object.entries(body.nodes)) if (!gone.has(name)) nodes[name] = keepLinks(entry, (link) => !gone.has(link.node));
  const outputs = Object.entries(body.outputs ?? {}).filter(([, text]) => !gone.has(text.split(/[.[]/)[0]!));
  const next: Body = { ...body, nodes, outputs: Object.fromEntries(outputs), ui: without(body.ui ?? {}, gone) };
  if (gone.has(INPUTS)) delete next.inputs;
  if (outputs.length === 0) delete next.outputs;
  return next;
}

/** Delete nodes and keep their chains: what fed a node feeds what it fed, where the types are the same. */
export function dissolve(body: Body, names: Iterable<string>, catalog: Catalog, outer: readonly Body[] = []): Body {
  let next = body;
  for (const name of names) {
    const replace = around(next, name, catalog, outer);
    const outputs = mapValues(next.outputs ?? {}, (text) => {
      const link = parseLink(text);
      return link ? formatLink(replace(link)) : text;
    });
    const nodes = mapValues(next.nodes, (one) => mapLinks(one, replace));
    next = removeNodes({ ...next, nodes, outputs }, [name]);
  }
  return next;
}

/** Take nodes out of their wires, which close behind them; the nodes stay, without wires. */
export function extract(body: Body, names: Iterable<string>, catalog: Catalog, outer: readonly Body[] = []): Body {
  let next = body;
  for (const name of names) {
    const replace = around(next, name, catalog, outer);
    const nodes = mapValues(next.nodes, (one) => keepLinks(mapLinks(one, replace), (link) => link.node !== name));
    const free: NodeEntry = { ...nodes[name]! };
    delete free.from;
    next = { ...next, nodes: { ...nodes, [name]: free } };
  }
  return next;
}

/** What a link to a node becomes when the wires are led around it. */
function around(body: Body, name: string, catalog: Catalog, outer: readonly Body[]): (link: Link) => Link {
  const face = faceOf(name, body, catalog, outer);
  const entry = body.nodes[name];
  const instead = new Map<string, Link>();
  for (const output of face.outputs) {
    const input = face.inputs.find((socket) => socket.type === output.type && linksOf(entry, socket.name).length > 0);
    if (input) instead.set(output.name, linksOf(entry, input.name)[0]!);
  }
  return (link) => {
    const other = link.node === name ? instead.get(outputOf(face, link.output)?.name ?? "") : undefined;
    return other ? { ...other, each: other.each || link.each } : link;
  };
}

/** Draw a wire; it takes the place of what the input had, except that a list input is given one more. */
export function connect(body: Body, wire: Wire, how: How): Body {
  const entry = body.nodes[wire.target]!;
  const link = formatLink({ node: wire.source, output: wire.output, each: how === "each" });
  const written = entry.from?.[wire.input];
  const value = how === "item" ? [...(Array.isArray(written) ? written : []), link] : link;
  const next: NodeEntry = { ...entry, from: { ...entry.from, [wire.input]: value } };
  if (next.with && wire.input in next.with) setOrDrop(next, "with", without(next.with, [wire.input]));
  return setNode(body, wire.target, next);
}

/** Wires that began at one output begin at another. */
export function moveWires(body: Body, edges: readonly Edge[], to: { node: string; output: string }): Body {
  let next = body;
  for (const { target, input, index } of edges) {
    const entry = next.nodes[target]!;
    const written = entry.from![input]!;
    const moved = (text: string) => formatLink({ ...parseLink(text)!, node: to.node, output: to.output });
    const value = Array.isArray(written) ? written.map((text, place) => (place === index ? moved(text) : text)) : moved(written);
    next = setNode(next, target, { ...entry, from: { ...entry.from, [input]: value } });
  }
  return next;
}

export function disconnect(body: Body, edges: Iterable<Edge>): Body {
  let next = body;
  for (const edge of [...edges].sort((a, b) => b.index - a.index)) next = dropLink(next, edge);
  return next;
}

function dropLink(body: Body, { target, input, index }: Edge): Body {
  const entry = body.nodes[target];
  const written = entry?.from?.[input];
  if (!entry || written === undefined) return body;
  const left = Array.isArray(written) ? written.filter((_, place) => place !== index) : [];
  const next: NodeEntry = { ...entry };
  setOrDrop(next, "from", left.length > 0 ? { ...entry.from, [input]: left } : without(entry.from!, [input]));
  return setNode(body, target, next);
}

/** Write a value; undefined goes back to the default. */
export function setValue(body: Body, node: string, input: string, value: unknown): Body {
  if (node === INPUTS) {
    const decl = body.inputs![input]!;
    const next: InputDecl = { ...decl, default: value };
    if (value === undefined) delete next.default;
    return { ...body, inputs: { ...body.inputs, [input]: next } };
  }
  const entry = body.nodes[node]!;
  const next: NodeEntry = { ...entry };
  setOrDrop(next, "with", value === undefined ? without(entry.with ?? {}, [input]) : { ...entry.with, [input]: value });
  return setNode(body, node, next);
}

export function setTitle(body: Body, node: string, title: string): Body {
  const next: NodeEntry = { ...body.nodes[node]!, title };
  if (!title) delete next.title;
  return setNode(body, node, next);
}

/** Make an input of a node an input of the workflow: the value that it has becomes the default. */
export function exposeInput(body: Body, node: string, input: string, catalog: Catalog): Body {
  const socket = faceOf(node, body, catalog).inputs.find((one) => one.name === input);
  const entry = body.nodes[node];
  if (!socket || !entry) return body;
  const name = freeName(input, Object.keys(body.inputs ?? {}));
  const decl = declarationOf(socket, entry.with?.[input]);
  if (!decl) return body;
  const next = { ...body, inputs: { ...body.inputs, [name]: decl } };
  return connect(next, { source: INPUTS, output: name, target: node, input }, "one");
}

const LISTS = new Set(["text", "int", "float", "bool"]);

/** The declared input that fits a socket, or null when only another node can feed it. */
export function declarationOf(socket: { type: string; default?: unknown; widget?: { type: string; low?: number; high?: number; choices?: unknown[]; names?: boolean } }, value?: unknown): InputDecl | null {
  const { widget } = socket;
  const item = itemOf(socket.type);
  const decl: InputDecl = { type: item && LISTS.has(item) ? socket.type : "" };
  if (widget?.type === "seed" || widget?.type === "file" || (widget?.type === "color" && !widget.names)) decl.type = widget.type;
  else if (widget?.type === "choice" && widget.choices?.every((one) => typeof one === "string")) {
    decl.type = "choice";
    decl.choices = widget.choices as string[];
  } else if (LISTS.has(socket.type)) decl.type = socket.type;
  if (!decl.type) return null;
  if (decl.type === "int" || decl.type === "float") {
    if (typeof widget?.low === "number") decl.min = widget.low;
    if (typeof widget?.high === "number") decl.max = widget.high;
  }
  const start = value ?? socket.default;
  if (start !== undefined && start !== null) decl.default = start;
  return decl;
}

export function removeInput(body: Body, name: string): Body {
  const drop = (link: Link) => !(link.node === INPUTS && link.output === name);
  const nodes = mapValues(body.nodes, (entry) => keepLinks(entry, drop));
  const next: Body = { ...body, nodes, inputs: without(body.inputs ?? {}, [name]) };
  if (Object.keys(next.inputs!).length === 0) return removeNodes(next, [INPUTS]);
  return next;
}

/** Give a node another name; links and outputs follow. */
export function rename(body: Body, from: string, to: string): Body {
  if (from === to || !isName(to) || body.nodes[to] || !body.nodes[from]) return body;
  const follow = (link: Link) => (link.node === from ? { ...link, node: to } : link);
  const nodes = Object.fromEntries(Object.entries(body.nodes).map(([name, entry]) => [name === from ? to : name, mapLinks(entry, follow)]));
  const outputs = mapValues(body.outputs ?? {}, (text) => {
    const link = parseLink(text);
    return link ? formatLink(follow(link)) : text;
  });
  const ui = Object.fromEntries(Object.entries(body.ui ?? {}).map(([name, value]) => [name === from ? to : name, value]));
  const next: Body = { ...body, nodes, ui };
  if (body.outputs) next.outputs = outputs;
  return renameInRoutes(next, from, to);
}

/** Put a node into a wire: its input takes what the wire gave, its output gives it on. */
export function insertInto(body: Body, edge: Edge, node: { name: string; input: string; output: string }, how: [How, How]): Body {
  const { source, output, target, input } = edge;
  const fed = connect(body, { source, output, target: node.name, input: node.input }, how[0]);
  const cleared = how[1] === "item" ? dropLink(fed, edge) : fed;
  return connect(cleared, { source: node.name, output: node.output, target, input }, how[1]);
}

export function setNode(body: Body, name: string, entry: NodeEntry): Body {
  return { ...body, nodes: { ...body.nodes, [name]: entry } };
}

function setOrDrop<K extends "with" | "from">(entry: NodeEntry, key: K, value: NonNullable<NodeEntry[K]>): void {
  if (Object.keys(value).length > 0) entry[key] = value;
  else delete entry[key];
}

export function mapLinks(entry: NodeEntry, change: (link: Link) => Link): NodeEntry {
  if (!entry.from) return entry;
  const one = (text: string) => {
    const link = parseLink(text);
    return link ? formatLink(change(link)) : text;
  };
  const from = mapValues(entry.from, (written) => (Array.isArray(written) ? written.map(one) : one(written)));
  return same(from, entry.from) ? entry : { ...entry, from };
}

export function keepLinks(entry: NodeEntry, keep: (link: Link) => boolean): NodeEntry {
  const kept = (text: string) => {
    const link = parseLink(text);
    return !link || keep(link);
  };
  const from: Record<string, string | string[]> = {};
  for (const [input, written] of Object.entries(entry.from ?? {})) {
    const left = Array.isArray(written) ? written.filter(kept) : kept(written) ? written : [];
    if (left.length > 0) from[input] = left;
  }
  if (same(from, entry.from ?? {})) return entry;
  const next: NodeEntry = { ...entry };
  setOrDrop(next, "from", from);
  return next;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function mapValues<A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

export function without<T>(record: Record<string, T>, names: Iterable<string>): Record<string, T> {
  const gone = new Set(names);
  return Object.fromEntries(Object.entries(record).filter(([name]) => !gone.has(name)));
}
