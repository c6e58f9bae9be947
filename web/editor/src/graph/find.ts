/** Everything in a document that can be searched for: nodes with their values, frames, notes; in sub-workflows too. */

import { faceOf, type Catalog } from "./catalog";
import { INPUTS, isRecord, type Body } from "./document";
import { thingOf, thingsOf } from "./things";

export interface Place {
  /** Of the sub-workflow it is in. */
  path: string[];
  id: string;
  title: string;
  /** What else it is found by: its name, its type, its values. */
  about: string;
}

const LONGEST = 200;

export function placesOf(root: Body, catalog: Catalog): Place[] {
  const found: Place[] = [];
  const walk = (body: Body, path: string[], outer: Body[]) => {
    if (Object.keys(body.inputs ?? {}).length > 0) found.push({ path, id: INPUTS, title: "Inputs", about: Object.keys(body.inputs!).join(" ") });
    for (const [id, entry] of Object.entries(body.nodes)) {
      const about = [id, entry.node, ...Object.entries(entry.with ?? {}).map(([input, value]) => `${input} ${words(value)}`)].join(" ");
      found.push({ path, id, title: faceOf(id, body, catalog, outer).title, about: about.slice(0, LONGEST) });
    }
    for (const id of thingsOf(body)) {
      const { title, text = "" } = thingOf(body, id)!;
      found.push({ path, id, title: title ?? (text.split("\n")[0]!.replace(/^#+\s*/, "") || "Note"), about: text.slice(0, LONGEST) });
    }
    for (const [key, sub] of Object.entries(body.subgraphs ?? {})) walk(sub, [...path, key], [...outer, body]);
  };
  walk(root, [], []);
  return found;
}

const words = (value: unknown) => (typeof value === "string" ? value : isRecord(value) || Array.isArray(value) ? JSON.stringify(value) : String(value));
