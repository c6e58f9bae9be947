/** The face of a workflow: its declared inputs and outputs. What uses it as a node follows every change. */

import { INPUTS, isName, parseLink, formatLink, type Body, type InputDecl, type Link, type NodeEntry, type Workflow } from "./document";
import { freeName, keepLinks, mapLinks, mapValues, removeInput, without } from "./edit";
import { subgraphKey } from "./subgraphs";

type Path = readonly string[];

/** Change the body at a path. */
export function inside<B extends Body>(body: B, [name, ...rest]: Path, make: (body: Body) => Body): B {
  if (name === undefined) return make(body) as B;
  const sub = body.subgraphs?.[name];
  return sub ? { ...body, subgraphs: { ...body.subgraphs, [name]: inside(sub, rest, make) } } : body;
}

/** Change every body that sees the sub-workflow at a path: the one around it, and those in there beside it. */
function users(root: Workflow, path: Path, change: (body: Body, key: string) => Body): Workflow {
  const key = path.at(-1);
  if (key === undefined) return root;
  const all = (body: Body, top: boolean): Body => {
    if (!top && body.subgraphs?.[key]) return body;
    const next = change(body, key);
    return next.subgraphs ? { ...next, subgraphs: mapValues(next.subgraphs, (sub) => all(sub, false)) } : next;
  };
  return inside(root, path.slice(0, -1), (body) => all(body, true));
}

const renameKey = <T>(record: Record<string, T>, from: string, to: string) => Object.fromEntries(Object.entries(record).map(([key, value]) => [key === from ? to : key, value]));

/** Whether a name may be given to an input or an output that was called otherwise. */
export const isFreeName = (record: Record<string, unknown> | undefined, name: string) => isName(name) && !(name in (record ?? {}));

export function renameInput(root: Workflow, path: Path, from: string, to: string): Workflow {
  const follow = (link: Link) => (link.node === INPUTS && link.output === from ? { ...link, output: to } : link);
  const renamed = inside(root, path, (body) => ({
    ...body,
    inputs: renameKey(body.inputs ?? {}, from, to),
    nodes: mapValues(body.nodes, (entry) => mapLinks(entry, follow)),
    ...(body.outputs ? { outputs: mapValues(body.outputs, (text) => mapText(text, follow)) } : {}),
  }));
  const given = (entry: NodeEntry): NodeEntry => ({ ...entry, ...(entry.with ? { with: renameKey(entry.with, from, to) } : {}), ...(entry.from ? { from: renameKey(entry.from, from, to) } : {}) });
  return users(renamed, path, (body, key) => ({ ...body, nodes: mapValues(body.nodes, (entry) => (subgraphKey(entry) === key ? given(entry) : entry)) }));
}

function mapText(text: string, change: (link: Link) => Link): string {
  const link = parseLink(text);
  return link ? formatLink(change(link)) : text;
}

export function renameOutput(root: Workflow, path: Path, from: string, to: string): Workflow {
  const renamed = inside(root, path, (body) => ({ ...body, outputs: renameKey(body.outputs ?? {}, from, to) }));
  return users(renamed, path, (body, key) => {
    const follow = (link: Link) => (link.output === from && subgraphKey(body.nodes[link.node]) === key ? { ...link, output: to } : link);
    const outputs = body.outputs && mapValues(body.outputs, (text) => mapText(text, follow));
    return { ...body, nodes: mapValues(body.nodes, (entry) => mapLinks(entry, follow)), ...(outputs ? { outputs } : {}) };
  });
}

/** Take an input away, with what its users gave to it. */
export function dropInput(root: Workflow, path: Path, name: string): Workflow {
  const given = (entry: NodeEntry): NodeEntry => {
    const next = { ...entry };
    if (next.with) next.with = without(next.with, [name]);
    if (next.from) next.from = without(next.from, [name]);
    return next;
  };
  return users(inside(root, path, (body) => removeInput(body, name)), path, (body, key) => ({ ...body, nodes: mapValues(body.nodes, (entry) => (subgraphKey(entry) === key ? given(entry) : entry)) }));
}

/** Take an output away, with the wires that began at it. */
export function dropOutput(root: Workflow, path: Path, name: string): Workflow {
  const dropped = inside(root, path, (body) => {
    const next: Body = { ...body, outputs: without(body.outputs ?? {}, [name]) };
    if (Object.keys(next.outputs!).length === 0) delete next.outputs;
    return next;
  });
  return users(dropped, path, (body, key) => {
    const stays = (link: Link | null) => !(link && link.output === name && subgraphKey(body.nodes[link.node]) === key);
    const outputs = body.outputs && Object.fromEntries(Object.entries(body.outputs).filter(([, text]) => stays(parseLink(text))));
    return { ...body, nodes: mapValues(body.nodes, (entry) => keepLinks(entry, stays)), ...(outputs ? { outputs } : {}) };
  });
}

export function addInput(body: Body): Body {
  const name = freeName("input", Object.keys(body.inputs ?? {}));
  return { ...body, inputs: { ...body.inputs, [name]: { type: "text", default: "" } } };
}

const STARTS: Record<string, unknown> = { text: "", int: 0, float: 0, bool: false, seed: 0 };

/** Another type for an input: what the old one had beside its description goes. */
export function retype(decl: InputDecl, type: string): InputDecl {
  const next: InputDecl = { type };
  if (decl.description) next.description = decl.description;
  if (type === "choice") return { ...next, choices: decl.choices ?? ["one", "two"], default: decl.choices?.[0] ?? "one" };
  if (decl.default !== undefined && type in STARTS) next.default = typeof decl.default === typeof STARTS[type] ? decl.default : STARTS[type];
  return next;
}

export function setInput(body: Body, name: string, decl: InputDecl): Body {
  const told = Object.fromEntries(Object.entries(decl).filter(([, value]) => value !== undefined && value !== "")) as Partial<InputDecl>;
  return { ...body, inputs: { ...body.inputs, [name]: { ...told, type: decl.type, ...(decl.default === "" ? { default: "" } : {}) } } };
}

/** Move an input or an output among the others. */
export function reorder(body: Body, which: "inputs" | "outputs", name: string, by: -1 | 1): Body {
  const entries = Object.entries(body[which] ?? {});
  const at = entries.findIndex(([key]) => key === name);
  const to = at + by;
  if (at < 0 || to < 0 || to >= entries.length) return body;
  [entries[at], entries[to]] = [entries[to]!, entries[at]!];
  return { ...body, [which]: Object.fromEntries(entries) };
}
