/** What becomes of seeds after each run: they stay, go on by one, or are drawn anew. The mode of each is kept in `ui`. */

import { INPUTS, isRecord, linksOf, type Body } from "./document";
import { setValue } from "./edit";
import { randomSeed } from "./numbers";

export const SEED_MODES = ["keep", "next", "random"] as const;
export type SeedMode = (typeof SEED_MODES)[number];

/** The modes of a node's seeds, by input; one that stays is not written. */
function modesOf(body: Body, node: string): Record<string, unknown> {
  const ui = body.ui?.[node];
  return isRecord(ui) && isRecord(ui.seeds) ? ui.seeds : {};
}

export function seedMode(body: Body, node: string, input: string): SeedMode {
  const mode = modesOf(body, node)[input];
  return SEED_MODES.find((one) => one === mode) ?? "keep";
}

export function setSeedMode(body: Body, node: string, input: string, mode: SeedMode): Body {
  const seeds = { ...modesOf(body, node), [input]: mode };
  if (mode === "keep") delete seeds[input];
  const ui = { ...(isRecord(body.ui?.[node]) ? body.ui[node] : {}), seeds } as Record<string, unknown>;
  if (Object.keys(seeds).length === 0) delete ui.seeds;
  return { ...body, ui: { ...body.ui, [node]: ui } };
}

/** The document for the next run: every seed with a mode other than `keep` has its next value, in subgraphs too. */
export function stepSeeds<B extends Body>(body: B, random: () => number = Math.random): B {
  let next: Body = body;
  for (const node of Object.keys(body.ui ?? {})) {
    for (const input of Object.keys(modesOf(body, node))) {
      const mode = seedMode(body, node, input);
      const there = node === INPUTS ? body.inputs?.[input] !== undefined : body.nodes[node] !== undefined && linksOf(body.nodes[node], input).length === 0;
      if (!there || mode === "keep") continue;
      next = setValue(next, node, input, mode === "next" ? valueOf(body, node, input) + 1 : randomSeed(boundsOf(body, node, input), random));
    }
  }
  for (const [name, inner] of Object.entries(body.subgraphs ?? {})) {
    const stepped = stepSeeds(inner, random);
    if (stepped !== inner) next = { ...next, subgraphs: { ...next.subgraphs, [name]: stepped } };
  }
  return next as B;
}

function valueOf(body: Body, node: string, input: string): number {
  const value = node === INPUTS ? body.inputs?.[input]?.default : body.nodes[node]?.with?.[input];
  return typeof value === "number" ? value : 0;
}

function boundsOf(body: Body, node: string, input: string): { low?: number; high?: number } {
  const decl = node === INPUTS ? body.inputs?.[input] : undefined;
  return { low: decl?.min, high: decl?.max };
}
