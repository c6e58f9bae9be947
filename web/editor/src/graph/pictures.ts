/** Which inputs of a document take pictures, which of them are masks, and which pictures lie behind an input. */

import { faceOf, type Catalog } from "./catalog";
import { drawn, INPUTS, linksOf, type Body } from "./document";

/** An input that names a file. */
export interface FilePlace {
  node: string;
  input: string;
}

export interface NamedPlace extends FilePlace {
  /** For people: the node and the input. */
  label: string;
  value: unknown;
  mask: boolean;
}

const PICTURE = /\.(png|jpe?g|webp)$/i;

export const isPicture = (name: string) => PICTURE.test(name);

/** Every input that takes a picture, declared ones first; one that a wire feeds takes none. */
export function filePlaces(body: Body, catalog: Catalog, outer: readonly Body[] = []): NamedPlace[] {
  return drawn(body).flatMap((node) => {
    const face = faceOf(node, body, catalog, outer);
    const entry = body.nodes[node];
    return (node === INPUTS ? face.outputs : face.inputs)
      .filter(({ name, widget }) => widget?.type === "file" && takesPictures(widget.suffixes) && linksOf(entry, name).length === 0)
      .map(({ name, default: usual }) => {
        const value = node === INPUTS ? usual : (entry?.with?.[name] ?? usual);
        return { node, input: name, label: `${face.title}: ${name}`, value, mask: isMask(body, catalog, { node, input: name }, outer) };
      });
  });
}

const takesPictures = (suffixes: readonly string[] = []) => suffixes.length === 0 || suffixes.some(isPicture);

/** Whether what is named there is read as a mask; a declared input is what it is used for. */
export function isMask(body: Body, catalog: Catalog, { node, input }: FilePlace, outer: readonly Body[] = []): boolean {
  const readers = node === INPUTS ? usersOf(body, INPUTS, input) : [node];
  const types = readers.flatMap((reader) => faceOf(reader, body, catalog, outer).outputs.map((socket) => socket.type));
  return types.includes("Mask") && !types.includes("Image");
}

/** The nodes that are fed by an output of a node, or by any of them. */
function usersOf(body: Body, node: string, output?: string): string[] {
  return Object.entries(body.nodes)
    .filter(([, entry]) => Object.keys(entry.from ?? {}).some((input) => linksOf(entry, input).some((link) => link.node === node && (output === undefined || link.output === output))))
    .map(([name]) => name);
}

/** A picture that can be shown behind a mask: a file, by what the document calls it, or what a node has written. */
export type Behind = { label: string; file: string } | { label: string; node: string };

/**
 * The pictures that a mask may be meant for, likeliest first: of a picture's input that picture; of a mask what goes
 * into the same node as it does; then all else that there is. written: the nodes whose pictures are known.
 */
export function picturesBehind(body: Body, catalog: Catalog, place: FilePlace, written: readonly string[], outer: readonly Body[] = []): Behind[] {
  const places = filePlaces(body, catalog, outer).filter((one) => !one.mask && typeof one.value === "string" && one.value !== "");
  const near = isMask(body, catalog, place, outer) ? beside(body, catalog, place, outer) : [place.node];
  const found = new Map<string, Behind>();
  const take = (behind: Behind) => void found.set("file" in behind ? behind.file : `node ${behind.node}`, behind);
  const showAll = (node: string) => {
    for (const one of places.filter((each) => each.node === node)) take({ label: one.label, file: String(one.value) });
    for (const name of [node, ...usersOf(body, node)].filter((each) => written.includes(each))) take({ label: name, node: name });
  };
  const same = places.find((one) => one.node === place.node && one.input === place.input);
  if (same) take({ label: same.label, file: String(same.value) });
  for (const node of near) showAll(node);
  for (const node of drawn(body)) showAll(node);
  return [...found.values()];
}

/** The nodes that give the pictures that go where a mask goes, nearest first. */
function beside(body: Body, catalog: Catalog, { node, input }: FilePlace, outer: readonly Body[]): string[] {
  const seen = new Set<string>(node === INPUTS ? usersOf(body, INPUTS, input) : [node]);
  const found: string[] = [];
  for (const name of seen) {
    for (const user of usersOf(body, name)) {
      const entry = body.nodes[user];
      const pictures = faceOf(user, body, catalog, outer).inputs.filter((socket) => socket.type === "Image");
      for (const socket of pictures) found.push(...before(body, linksOf(entry, socket.name).map((link) => link.node)));
      seen.add(user);
    }
  }
  return [...new Set(found)];
}

/** Nodes and all that feeds them, nearest first. */
function before(body: Body, nodes: readonly string[]): string[] {
  const found = new Set(nodes);
  for (const name of found) {
    const entry = body.nodes[name];
    for (const input of Object.keys(entry?.from ?? {})) for (const link of linksOf(entry, input)) found.add(link.node);
  }
  return [...found];
}
