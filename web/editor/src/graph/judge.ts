/** Whether a wire may be drawn, and what it means; the relation between types is the server's alone. */

import type { Socket } from "../api/types";
import { faceOf, itemOf, outputOf, typeOf, type Catalog } from "./catalog";
import { INPUTS, linksOf, type Body } from "./document";

/** one: the value; item: one element of a list input; each: the node runs once per element (`[*]`). */
export type How = "one" | "item" | "each";
export type Verdict = { ok: true; how: How } | { ok: false; reason: string };

export interface Wire {
  source: string;
  output: string;
  target: string;
  input: string;
}

/** Whether an input of one type takes an output of another, by the server's table. */
export function fits(catalog: Catalog, wanted: string, given: string): boolean {
  if (wanted === given || wanted === "any" || given === "any") return true;
  return catalog.fits[wanted]?.includes(given) ?? false;
}

/** How a type can be given to an input, or null. */
export function howItFits(catalog: Catalog, wanted: string, given: string): How | null {
  if (fits(catalog, wanted, given)) return "one";
  if (itemOf(wanted) && fits(catalog, wanted, `list[${given}]`)) return "item";
  const item = itemOf(given);
  return item && fits(catalog, wanted, item) ? "each" : null;
}

/** Whether the output of `source` is needed, directly or not, by what `target` would give: then it is a cycle. */
export function reaches(body: Body, from: string, to: string): boolean {
  const users = new Map<string, string[]>();
  for (const [name, entry] of Object.entries(body.nodes))
    for (const input of Object.keys(entry.from ?? {}))
      for (const link of linksOf(entry, input)) users.set(link.node, [...(users.get(link.node) ?? []), name]);
  const seen = new Set<string>([from]);
  const open = [from];
  while (open.length > 0) {
    const node = open.pop()!;
    if (node === to) return true;
    for (const user of users.get(node) ?? []) {
      if (!seen.has(user)) open.push(user);
      seen.add(user);
    }
  }
  return false;
}

export function judge(wire: Wire, body: Body, catalog: Catalog, outer: readonly Body[] = []): Verdict {
  const { source, output, target, input } = wire;
  if (target === INPUTS) return { ok: false, reason: "declared inputs take no wires" };
  if (source === target) return { ok: false, reason: "a node cannot feed itself" };
  const socket = faceOf(target, body, catalog, outer).inputs.find((one) => one.name === input);
  const found = outputOf(faceOf(source, body, catalog, outer), output);
  if (!socket || !found) return { ok: false, reason: "there is no such port" };
  if (reaches(body, target, source)) return { ok: false, reason: "this wire would make a cycle" };
  const given = typeOf(source, output, body, catalog, outer);
  const how = howItFits(catalog, socket.type, given);
  if (!how) return { ok: false, reason: `${given} does not fit ${shortType(socket.type)}` };
  const odd = socket.variable && disagrees(wire, { how, given }, socket.variable, body, catalog, outer);
  return odd ? { ok: false, reason: odd } : { ok: true, how };
}

/** A variable is one type for all inputs that have it: the first that is linked says which. Why a new wire breaks that. */
function disagrees(wire: Wire, added: { how: How; given: string }, variable: string, body: Body, catalog: Catalog, outer: readonly Body[]): string {
  const entry = body.nodes[wire.target];
  const items: string[] = [];
  for (const input of faceOf(wire.target, body, catalog, outer).inputs.filter((one) => one.variable === variable)) {
    const listed = Array.isArray(entry?.from?.[input.name]);
    const item = (type: string, inList: boolean) => (input.type.startsWith("list[") && !inList ? itemOf(type) || "any" : type);
    const here = input.name === wire.input;
    if (!here || (added.how === "item" && listed))
      for (const link of linksOf(entry, input.name)) {
        const type = typeOf(link.node, link.output, body, catalog, outer);
        items.push(item(link.each ? itemOf(type) : type, listed));
      }
    if (here) items.push(item(added.how === "each" ? itemOf(added.given) : added.given, added.how === "item"));
  }
  const [first, ...others] = items.filter((type) => type !== "any");
  const odd = first === undefined ? undefined : others.find((type) => !fits(catalog, first, type));
  return odd === undefined ? "" : `${odd} does not fit ${first}, which the node takes already`;
}

/** A type as it is shown: long lists of choices are a choice. */
export function shortType(type: string): string {
  return type.startsWith("one of ") ? "choice" : type;
}

/** The ports that a wire from `from` could end at, as `node.port`. */
export function fittingPorts(
  from: { node: string; port: string; side: "source" | "target" },
  body: Body,
  catalog: Catalog,
  outer: readonly Body[] = [],
): Set<string> {
  const found = new Set<string>();
  const names = [...(body.inputs ? [INPUTS] : []), ...Object.keys(body.nodes)];
  for (const name of names) {
    if (name === from.node) continue;
    const face = faceOf(name, body, catalog, outer);
    for (const socket of from.side === "source" ? face.inputs : face.outputs) {
      const wire =
        from.side === "source"
          ? { source: from.node, output: from.port, target: name, input: socket.name }
          : { source: name, output: socket.name, target: from.node, input: from.port };
      if (judge(wire, body, catalog, outer).ok) found.add(`${name}.${socket.name}`);
    }
  }
  return found;
}

/** The first port of a node that a wire would go to: free and required ones first. */
export function firstFitting(
  sockets: Socket[],
  fitsPort: (socket: Socket) => How | null,
  taken: (socket: Socket) => boolean,
): Socket | undefined {
  const rank = (socket: Socket) =>
    (fitsPort(socket) === "one" ? 0 : 4) + (taken(socket) ? 2 : 0) + (socket.required ? 0 : 1) + (socket.type === "any" ? 3 : 0);
  return sockets
    .filter((socket) => fitsPort(socket) !== null)
    .sort((a, b) => rank(a) - rank(b))[0];
}
