/** Looking at any output, without making it one of the workflow's: a run of a document that has it as its only one. */

import type { OutputFile } from "../api/types";
import { formatLink, isRecord, type Workflow } from "./document";
import { freeName } from "./edit";

export interface Look {
  node: string;
  output: string;
  /** The type that the output gives. */
  type: string;
}

const PICTURES = new Set(["Image", "list[Image]"]);
const PLAIN = /^(list\[)*(text|int|float|bool|any)\]*$/;

/** Pictures are looked at, and what can be written down; other kinds have no looks. */
export const canLook = (type: string) => PICTURES.has(type) || PLAIN.test(type);

export interface Looking {
  document: Workflow;
  /** The output of that document that is looked at. */
  name: string;
}

/** Pictures are written by one more node, into files of their own; values are told as they are. */
export function lookAt(document: Workflow, { node, output, type }: Look): Looking {
  const name = freeName("look", Object.keys(document.nodes));
  const link = formatLink({ node, output, each: type.startsWith("list[") && PICTURES.has(type) });
  if (!PICTURES.has(type)) return { document: { ...document, outputs: { [name]: link } }, name };
  const saved = { node: "core.save_image", with: { name: `look-${node}` }, from: { image: link } };
  return { document: { ...document, nodes: { ...document.nodes, [name]: saved }, outputs: { [name]: name } }, name };
}

/** What came of a run, by node: files, and values by the name of the output. */
export interface Yield {
  files: Record<string, OutputFile[]>;
  values: Record<string, Record<string, unknown>>;
}

/** Sort a run's outputs by the nodes that gave them; `owners` has the node of each output. */
export function yieldOf(owners: Readonly<Record<string, string>>, outputs: Readonly<Record<string, unknown>>): Yield {
  const found: Yield = { files: {}, values: {} };
  for (const [name, value] of Object.entries(outputs)) {
    const node = owners[name];
    if (!node) continue;
    const files = filesIn(value);
    if (files.length > 0) found.files[node] = [...(found.files[node] ?? []), ...files];
    else if (!isOfAKind(value)) found.values[node] = { ...found.values[node], [name]: value };
  }
  return found;
}

/** The nodes of the outputs of a document. */
export function ownersOf({ outputs }: Workflow): Record<string, string> {
  return Object.fromEntries(Object.entries(outputs ?? {}).map(([name, link]) => [name, link.split(/[.[]/)[0]!]));
}

export function filesIn(value: unknown): OutputFile[] {
  return Array.isArray(value) ? value.flat(4).filter(isFile) : [];
}

function isFile(value: unknown): value is OutputFile {
  return isRecord(value) && "url" in value && "name" in value;
}

/** The server tells only the kind of what cannot be written down. */
function isOfAKind(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isOfAKind);
  return value === null || (isRecord(value) && "kind" in value && Object.keys(value).length === 1);
}
