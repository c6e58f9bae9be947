/** The wires of a document as edges to draw. */

import { faceOf, outputOf, type Catalog } from "./catalog";
import { drawn, INPUTS, linksOf, type Body } from "./document";

export interface Edge {
  id: string;
  source: string;
  output: string;
  target: string;
  input: string;
  /** Its place among the links of the input. */
  index: number;
  each: boolean;
}

export const edgeId = (target: string, input: string, index: number) => `${target}.${input}.${index}`;

export function edgesOf(body: Body, catalog: Catalog, outer: readonly Body[] = []): Edge[] {
  const there = new Set(drawn(body));
  const outputs = new Map<string, (output: string) => string>();
  const nameOf = (node: string, output: string) => {
    if (!outputs.has(node)) {
      const face = faceOf(node, body, catalog, outer);
      outputs.set(node, (wanted) => outputOf(face, wanted)?.name ?? wanted);
    }
    return outputs.get(node)!(output);
  };
  const found: Edge[] = [];
  for (const [target, entry] of Object.entries(body.nodes)) {
    for (const input of Object.keys(entry.from ?? {})) {
      linksOf(entry, input).forEach(({ node, output, each }, index) => {
        if (!there.has(node)) return;
        const id = edgeId(target, input, index);
        found.push({ id, source: node, output: nameOf(node, output), target, input, index, each });
      });
    }
  }
  return found;
}

/** What lies before (or behind) some nodes along the wires, with them. */
export function along(body: Body, from: Iterable<string>, way: "up" | "down"): Set<string> {
  const next = new Map<string, string[]>();
  for (const [name, entry] of Object.entries(body.nodes)) {
    for (const input of Object.keys(entry.from ?? {})) {
      for (const link of linksOf(entry, input)) {
        const [a, b] = way === "up" ? [name, link.node] : [link.node, name];
        next.set(a, [...(next.get(a) ?? []), b]);
      }
    }
  }
  const seen = new Set(from);
  const open = [...seen];
  while (open.length > 0) {
    for (const node of next.get(open.pop()!) ?? []) {
      if (seen.has(node) || (node !== INPUTS && !body.nodes[node])) continue;
      seen.add(node);
      open.push(node);
    }
  }
  return seen;
}
