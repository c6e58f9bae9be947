/** Another type for a node in its place: wires and values stay where the new type has a place for them. */

import { faceOf, outputOf, typeOf, type Catalog, type Face } from "./catalog";
import { formatLink, linksOf, parseLink, type Body, type Link, type NodeEntry } from "./document";
import { connect, mapValues, setNode } from "./edit";
import { firstFitting, howItFits } from "./judge";

export interface Swapped {
  body: Body;
  /** The wires that found no place, in words. */
  lost: string[];
}

export function swapNode(body: Body, name: string, type: string, catalog: Catalog, outer: readonly Body[] = []): Swapped {
  const old = body.nodes[name]!;
  const before = faceOf(name, body, catalog, outer);
  const version = catalog.nodes.get(type)?.version;
  const entry: NodeEntry = { node: type, ...(version === undefined ? {} : { version }), ...(old.title ? { title: old.title } : {}) };
  const bare = setNode(body, name, entry);
  const face = faceOf(name, bare, catalog, outer);
  const lost: string[] = [];
  const valued = setNode(bare, name, withValues(entry, old, before, face));
  const fed = feed(valued, name, old, before, face, { catalog, outer, lost });
  return { body: pass(fed, name, before, face, { catalog, outer, lost }), lost };
}

interface Work {
  catalog: Catalog;
  outer: readonly Body[];
  lost: string[];
}

/** Values go to the inputs of the same name, when they are of the same type. */
function withValues(entry: NodeEntry, old: NodeEntry, before: Face, face: Face): NodeEntry {
  const typeIn = (one: Face, name: string) => one.inputs.find((socket) => socket.name === name)?.type;
  const kept = Object.entries(old.with ?? {}).filter(([name]) => typeIn(face, name) !== undefined && typeIn(face, name) === typeIn(before, name));
  return kept.length > 0 ? { ...entry, with: Object.fromEntries(kept) } : entry;
}

/** Wires that come in: to the input of the same name, or to the first that takes them. */
function feed(body: Body, name: string, old: NodeEntry, before: Face, face: Face, { catalog, outer, lost }: Work): Body {
  let next = body;
  const names = [...new Set([...before.inputs.map((socket) => socket.name), ...Object.keys(old.from ?? {})])];
  for (const input of names) {
    for (const link of linksOf(old, input)) {
      const given = typeOf(link.node, link.output, next, catalog, outer);
      const taken = (socket: { name: string; list?: boolean }) => linksOf(next.nodes[name], socket.name).length > 0;
      const how = (socket: { name: string; type: string }) => (taken(socket) && !socket.type.startsWith("list[") ? null : howItFits(catalog, socket.type, given));
      const same = face.inputs.find((socket) => socket.name === input && how(socket));
      const socket = same ?? firstFitting(face.inputs, how, taken);
      if (!socket) lost.push(`${formatLink(link)} to ${input}`);
      else next = connect(next, { source: link.node, output: link.output, target: name, input: socket.name }, how(socket)!);
    }
  }
  return next;
}

/** Wires that go out: from the output of the same name, or from the first that fits where they go. */
function pass(body: Body, name: string, before: Face, face: Face, { catalog, outer, lost }: Work): Body {
  const next = (link: Link, wanted: string | null): Link | null => {
    const was = outputOf(before, link.output);
    const fits = (type: string) => wanted === null || howItFits(catalog, wanted, type) !== null;
    const found = face.outputs.find((socket) => socket.name === was?.name && fits(socket.type)) ?? face.outputs.find((socket) => (wanted === null ? socket.type === was?.type : fits(socket.type)));
    return found ? { ...link, output: found.name } : null;
  };
  const nodes = Object.fromEntries(
    Object.entries(body.nodes).map(([user, entry]) => {
      const used = Object.keys(entry.from ?? {}).some((input) => linksOf(entry, input).some((link) => link.node === name));
      return [user, used ? relinked(user, entry) : entry];
    }),
  );
  function relinked(user: string, entry: NodeEntry): NodeEntry {
    const sockets = faceOf(user, body, catalog, outer).inputs;
    const from: Record<string, string | string[]> = {};
    for (const [input, written] of Object.entries(entry.from ?? {})) {
      const wanted = sockets.find((socket) => socket.name === input)?.type ?? "any";
      const texts = [written].flat().flatMap((text) => {
        const link = parseLink(text);
        if (link?.node !== name) return [text];
        const other = next(link, wanted);
        if (!other) lost.push(`${formatLink(link)} to ${user}.${input}`);
        return other ? [formatLink(other)] : [];
      });
      if (texts.length > 0) from[input] = Array.isArray(written) ? texts : texts[0]!;
    }
    return { ...entry, from };
  }
  if (!body.outputs) return { ...body, nodes };
  const outputs = mapValues(body.outputs, (text) => {
    const link = parseLink(text);
    const other = link?.node === name ? next(link, null) : null;
    if (link?.node === name && !other) lost.push(`the workflow's output ${text}`);
    return link?.node === name ? (other ? formatLink(other) : "") : text;
  });
  return { ...body, nodes, outputs: Object.fromEntries(Object.entries(outputs).filter(([, text]) => text !== "")) };
}
