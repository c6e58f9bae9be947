/** Sub-workflows: made of a selection, found again, and put back in place of the node that uses them. */

import { faceOf, isMapped, outputOf, subgraphOf, typeOf, type Catalog } from "./catalog";
import { formatLink, INPUTS, isRecord, linksOf, parseLink, type Body, type InputDecl, type Link, type NodeEntry } from "./document";
import { along } from "./edges";
import { freeName, keepLinks, mapLinks, mapValues, place, removeNodes } from "./edit";
import { isThing, placeOf, removeThings, setThing, thingOf } from "./things";

const PREFIX = "subgraph:";

export const subgraphKey = (entry: NodeEntry | undefined) => (entry?.node.startsWith(PREFIX) ? entry.node.slice(PREFIX.length) : "");

export type Outcome = { ok: true; body: Body; names: string[] } | { ok: false; reason: string };

/** Make a sub-workflow of nodes (with the frames and notes among `ids`), and a node in their place that uses it. */
export function collapseInto(body: Body, ids: readonly string[], title: string, catalog: Catalog, outer: readonly Body[] = []): Outcome {
  const chosen = new Set(ids.filter((id) => id in body.nodes));
  if (chosen.size === 0) return { ok: false, reason: "select the nodes that are to go into it" };
  const both = [...along(body, chosen, "up")].filter((name) => !chosen.has(name) && along(body, chosen, "down").has(name));
  if (both.length > 0) return { ok: false, reason: `${both.join(", ")} takes from these nodes and feeds them; select it as well` };
  const taken = [body, ...outer].flatMap((one) => Object.keys(one.subgraphs ?? {}));
  const key = freeName(title.toLowerCase().replace(/[^a-z0-9]+/g, " ").trim() || "group", taken);
  const maker = new Maker(body, chosen, catalog, outer);
  const inner = withLooks({ title: title.trim() || undefined, ...maker.inner() }, body, ids);
  const name = freeName(key, Object.keys(body.nodes));
  const entry: NodeEntry = { node: PREFIX + key };
  if (maker.from.size > 0) entry.from = Object.fromEntries(maker.from);
  const nodes = Object.fromEntries(Object.entries(body.nodes).map(([one, old]) => [one, chosen.has(one) ? old : mapLinks(old, (link) => maker.outward(link, name))]));
  const outputs = body.outputs && mapValues(body.outputs, (text) => maker.outwardText(text, name));
  inner.outputs = Object.fromEntries(maker.outputs);
  let next: Body = { ...body, nodes: { ...nodes, [name]: entry }, ...(outputs ? { outputs } : {}), subgraphs: { ...body.subgraphs, [key]: inner } };
  next = removeThings(removeNodes(next, chosen), ids);
  return { ok: true, body: place(next, { [name]: corner(body, chosen) }), names: [name] };
}

/** The face that a sub-workflow needs, found while its nodes' links are read. */
class Maker {
  readonly from = new Map<string, string>();
  readonly outputs = new Map<string, string>();
  private readonly inputs = new Map<string, InputDecl>();
  private readonly inputOf = new Map<string, string>();
  private readonly outputOf = new Map<string, string>();

  constructor(
    private readonly body: Body,
    private readonly chosen: ReadonlySet<string>,
    private readonly catalog: Catalog,
    private readonly outer: readonly Body[],
  ) {}

  inner(): Body {
    const nodes: Record<string, NodeEntry> = {};
    for (const name of this.chosen) nodes[name] = this.inward(this.body.nodes[name]!);
    const inputs = Object.fromEntries(this.inputs);
    return { ...(this.inputs.size > 0 ? { inputs } : {}), nodes };
  }

  private inward(entry: NodeEntry): NodeEntry {
    if (!entry.from) return entry;
    const from = Object.entries(entry.from).map(([input, written]) => {
      const one = (text: string) => {
        const link = parseLink(text);
        return link && !this.chosen.has(link.node) ? formatLink({ node: INPUTS, output: this.declare(link, input), each: link.each }) : text;
      };
      return [input, Array.isArray(written) ? written.map(one) : one(written)] as const;
    });
    return { ...entry, from: Object.fromEntries(from) };
  }

  private resolved(link: Link): string {
    const there = link.node === INPUTS || link.node in this.body.nodes;
    return (there && outputOf(faceOf(link.node, this.body, this.catalog, this.outer), link.output)?.name) || link.output;
  }

  /** The declared input that stands for an output outside. */
  private declare(link: Link, wanted: string): string {
    const output = this.resolved(link);
    const source = `${link.node}.${output}`;
    const known = this.inputOf.get(source);
    if (known) return known;
    const decl = link.node === INPUTS ? this.body.inputs?.[link.output] : undefined;
    const name = freeName(decl ? link.output : wanted, this.inputs.keys());
    this.inputs.set(name, decl ?? { type: declarable(typeOf(link.node, output, this.body, this.catalog, this.outer), this.catalog) });
    this.inputOf.set(source, name);
    this.from.set(name, formatLink({ ...link, each: false }));
    return name;
  }

  /** What a link from outside to a node inside becomes. */
  outward(link: Link, node: string): Link {
    if (!this.chosen.has(link.node)) return link;
    const output = this.resolved(link);
    const source = `${link.node}.${output}`;
    if (!this.outputOf.has(source)) {
      const name = freeName(output || "output", this.outputs.keys());
      this.outputOf.set(source, name);
      this.outputs.set(name, formatLink({ node: link.node, output, each: false }));
    }
    return { node, output: this.outputOf.get(source)!, each: link.each };
  }

  outwardText(text: string, node: string): string {
    const link = parseLink(text);
    return link ? formatLink(this.outward(link, node)) : text;
  }
}

const PLAIN = new Set(["text", "int", "float", "bool"]);

/** A type as an input can declare it; what it cannot say is `any`. */
export function declarable(type: string, catalog: Catalog): string {
  const item = /^list\[(\w+)\]$/.exec(type)?.[1] ?? type;
  return PLAIN.has(item) || catalog.kinds.has(item) ? type : "any";
}

function withLooks(inner: Body, body: Body, ids: readonly string[]): Body {
  const ui = Object.fromEntries(Object.entries(body.ui ?? {}).filter(([id]) => ids.includes(id) && id in inner.nodes));
  return ids.filter(isThing).reduce<Body>((next, id) => setThing(next, id, thingOf(body, id) ?? {}), { ...inner, ui });
}

function corner(body: Body, names: Iterable<string>): { x: number; y: number } {
  const places = [...names].map((name) => placeOf(body, name) ?? { x: 0, y: 0 });
  return { x: Math.min(...places.map(({ x }) => x)), y: Math.min(...places.map(({ y }) => y)) };
}

/** Put the nodes of a sub-workflow where a node uses it; the sub-workflow goes when nothing else uses it. */
export function expand(body: Body, name: string, outer: readonly Body[] = []): Outcome {
  const entry = body.nodes[name];
  const inner = entry && subgraphOf(entry, body, outer);
  if (!entry || !inner) return { ok: false, reason: `${name} is no sub-workflow of this file` };
  if (isMapped(entry)) return { ok: false, reason: `${name} runs once for each element; its nodes cannot stand in its place` };
  const names = new Map<string, string>();
  for (const one of Object.keys(inner.nodes)) names.set(one, freeName(one, [...Object.keys(body.nodes).filter((other) => other !== name), ...names.values()]));
  const nodes: Record<string, NodeEntry> = {};
  for (const [one, old] of Object.entries(inner.nodes)) {
    const found = substituted(old, entry, inner, names);
    if (typeof found === "string") return { ok: false, reason: found };
    nodes[names.get(one)!] = found;
  }
  const replaced = withoutNode(body, name, inner, names, nodes, entry);
  const kept = dropUnused(withInner(replaced, inner), subgraphKey(entry));
  return { ok: true, body: placed(kept, body, name, inner, names), names: [...names.values()] };
}

/** A node of a sub-workflow with what its user gave in place of the declared inputs; a text says why it cannot be. */
function substituted(old: NodeEntry, user: NodeEntry, inner: Body, names: Map<string, string>): NodeEntry | string {
  const next: NodeEntry = { ...old };
  const from: Record<string, string | string[]> = {};
  const values: Record<string, unknown> = { ...old.with };
  for (const [input, written] of Object.entries(old.from ?? {})) {
    const texts: string[] = [];
    let whole: string | string[] | undefined;
    for (const text of [written].flat()) {
      const link = parseLink(text);
      if (!link || link.node !== INPUTS) texts.push(link ? formatLink({ ...link, node: names.get(link.node) ?? link.node }) : text);
      else {
        const given = user.from?.[link.output];
        const value = user.with?.[link.output] ?? inner.inputs?.[link.output]?.default;
        const alone = !Array.isArray(written);
        if (typeof given === "string") texts.push(formatLink({ ...parseLink(given)!, each: link.each }));
        else if (given !== undefined && alone && !link.each) whole = given;
        else if (given === undefined && value === undefined) continue;
        else if (given === undefined && alone && !link.each) values[input] = value;
        else return `the value of ${link.output} cannot be written into ${input} of ${old.node}; feed it by a node`;
      }
    }
    if (whole) from[input] = whole;
    else if (texts.length > 0) from[input] = Array.isArray(written) ? texts : texts[0]!;
  }
  delete next.from;
  delete next.with;
  if (Object.keys(values).length > 0) next.with = values;
  if (Object.keys(from).length > 0) next.from = from;
  return next;
}

/** The body with the inner nodes, and with links to the node led to what its outputs were made of. */
function withoutNode(body: Body, name: string, inner: Body, names: Map<string, string>, added: Record<string, NodeEntry>, entry: NodeEntry): Body {
  const first = Object.keys(inner.outputs ?? {})[0] ?? "";
  const lead = (link: Link): Link => {
    if (link.node !== name) return link;
    const inside = parseLink(inner.outputs?.[link.output || first] ?? "");
    if (!inside) return link;
    const passed = inside.node === INPUTS ? linksOf(entry, inside.output)[0] : { ...inside, node: names.get(inside.node) ?? inside.node };
    return passed ? { ...passed, each: link.each || passed.each } : link;
  };
  const { [name]: _, ...others } = body.nodes;
  const nodes = { ...mapValues(others, (one) => keepLinks(mapLinks(one, lead), (link) => link.node !== name || name in added)), ...added };
  const outputs = body.outputs && mapValues(body.outputs, (text) => {
    const link = parseLink(text);
    return link ? formatLink(lead(link)) : text;
  });
  return { ...body, nodes, ...(outputs ? { outputs } : {}) };
}

/** Sub-workflows inside the one that is expanded come along; a name that is taken already means the same one. */
function withInner(body: Body, inner: Body): Body {
  return inner.subgraphs ? { ...body, subgraphs: { ...inner.subgraphs, ...body.subgraphs } } : body;
}

function placed(next: Body, body: Body, name: string, inner: Body, names: Map<string, string>): Body {
  const { [name]: _, ...ui } = next.ui ?? {};
  const at = placeOf(body, name) ?? { x: 0, y: 0 };
  const from = corner(inner, names.keys());
  const looks = Object.fromEntries([...names].map(([old, now]) => [now, isRecord(inner.ui?.[old]) ? inner.ui[old] : {}]));
  const positions = [...names].map(([old, now]) => {
    const { x, y } = placeOf(inner, old) ?? from;
    return [now, { x: at.x + x - from.x, y: at.y + y - from.y }] as const;
  });
  return place({ ...next, ui: { ...ui, ...looks } }, Object.fromEntries(positions));
}

/** Whether a body, or a sub-workflow in it, uses the sub-workflow of a name. */
export function uses(body: Body, key: string): boolean {
  if (JSON.stringify(body.nodes).includes(JSON.stringify(PREFIX + key))) return true;
  return Object.entries(body.subgraphs ?? {}).some(([name, sub]) => name !== key && uses(sub, key));
}

export function dropUnused(body: Body, key: string): Body {
  if (!body.subgraphs?.[key] || uses(body, key)) return body;
  const { [key]: _, ...left } = body.subgraphs;
  const next = { ...body, subgraphs: left };
  if (Object.keys(left).length === 0) delete (next as Body).subgraphs;
  return next;
}

/** The path to the sub-workflow that a node uses, seen from the body at `path`; null when there is none. */
export function pathTo(key: string, path: readonly string[], bodies: readonly Body[]): string[] | null {
  for (let depth = bodies.length - 1; depth >= 0; depth--) if (bodies[depth]!.subgraphs?.[key]) return [...path.slice(0, depth), key];
  return null;
}

/** The sub-workflows that a node in the body at `path` may use: all it sees, but none that it is a part of. */
export function usable(path: readonly string[], bodies: readonly Body[]): [string, Body][] {
  const seen = new Map<string, Body>(bodies.flatMap((body) => Object.entries(body.subgraphs ?? {})));
  const reaches = (body: Body, passed: ReadonlySet<string>): boolean =>
    Object.values(body.nodes).some((entry) => {
      const key = subgraphKey(entry);
      if (!key || passed.has(key)) return false;
      const next = body.subgraphs?.[key] ?? seen.get(key);
      return path.includes(key) || (next !== undefined && reaches(next, new Set(passed).add(key)));
    });
  return [...seen].filter(([key, body]) => !path.includes(key) && !reaches(body, new Set([key])));
}
