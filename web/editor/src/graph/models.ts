/** Which inputs name a model, and are offered those that there are. */

import { INPUTS, linksOf, type Body } from "./document";

const found = new WeakMap<Body["nodes"], ReadonlySet<string>>();

/** An input called `model` does, and a declared one that feeds such an input. */
export function namesModel(body: Body, node: string, input: string): boolean {
  return node === INPUTS ? declared(body.nodes).has(input) : input === "model";
}

function declared(nodes: Body["nodes"]): ReadonlySet<string> {
  const known = found.get(nodes);
  if (known) return known;
  const links = Object.values(nodes).flatMap((entry) => linksOf(entry, "model"));
  const names = new Set(links.filter((link) => link.node === INPUTS).map((link) => link.output));
  found.set(nodes, names);
  return names;
}
