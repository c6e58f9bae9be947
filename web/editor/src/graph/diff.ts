/** What differs between two workflows, and a run's values put into its workflow. */

import { formatLink, linksOf, type Body, type InputDecl, type NodeEntry } from "./document";

export interface Difference {
  /** `denoise.steps`, `inputs.prompt`, `tiles/blur.sigma` inside of a subgraph. */
  place: string;
  /** As it is shown; empty where there is nothing. */
  before: string;
  after: string;
}

/** Everything that changes what comes out, or what it is called; not where nodes lie. */
export function differences(before: Body, after: Body): Difference[] {
  const [old, now] = [facts(before), facts(after)];
  const places = [...new Set([...old.keys(), ...now.keys()])];
  const all = places.map((place) => ({ place, before: old.get(place) ?? "", after: now.get(place) ?? "" }));
  const found = all.filter((one) => one.before !== one.after);
  const whole = new Set(found.filter((one) => !one.before || !one.after).map((one) => one.place));
  return found.filter(({ place }) => {
    const node = place.split(".")[0]!;
    return place === node || !whole.has(node); // of a node that is new or gone, its type says it all
  });
}

function facts(body: Body, within = ""): Map<string, string> {
  const found = new Map<string, string>();
  const tell = (place: string, value: string) => void (value && found.set(within + place, value));
  for (const [name, decl] of Object.entries(body.inputs ?? {})) tellInput(name, decl, tell);
  for (const [name, entry] of Object.entries(body.nodes)) tellNode(name, entry, tell);
  for (const [name, link] of Object.entries(body.outputs ?? {})) tell(`outputs.${name}`, `← ${link}`);
  for (const [name, inner] of Object.entries(body.subgraphs ?? {})) for (const [place, value] of facts(inner, `${within}${name}/`)) found.set(place, value);
  return found;
}

type Tell = (place: string, value: string) => void;

function tellInput(name: string, { default: usual, description: _, ...decl }: InputDecl, tell: Tell): void {
  const bounds = Object.entries(decl).map(([key, value]) => `${key} ${text(value)}`);
  tell(`inputs.${name}`, usual === undefined ? "no value" : text(usual));
  tell(`inputs.${name} (declared)`, bounds.join(", "));
}

function tellNode(name: string, entry: NodeEntry, tell: Tell): void {
  tell(name, entry.node);
  tell(`${name}.title`, entry.title ?? "");
  tell(`${name}.mode`, entry.mode ?? "");
  for (const [input, value] of Object.entries(entry.with ?? {})) tell(`${name}.${input}`, text(value));
  for (const input of Object.keys(entry.from ?? {})) tell(`${name}.${input}`, `← ${linksOf(entry, input).map(formatLink).join(", ")}`);
}

function text(value: unknown): string {
  return typeof value === "string" ? value || '""' : JSON.stringify(value);
}

/** The workflow of a run with the values that the run was given as those of its declared inputs. */
export function withInputs<B extends Body>(body: B, values: Readonly<Record<string, unknown>>): B {
  const given = Object.entries(values).filter(([name]) => body.inputs?.[name] !== undefined);
  if (given.length === 0) return body;
  const inputs = { ...body.inputs };
  for (const [name, value] of given) inputs[name] = { ...inputs[name]!, default: value };
  return { ...body, inputs };
}
