/** The workflow document, as the file and the API have it, and how its links are read and written. */

export interface InputDecl {
  type: string;
  default?: unknown;
  min?: number;
  max?: number;
  choices?: string[];
  description?: string;
}

export interface NodeEntry {
  node: string;
  version?: number;
  title?: string;
  /** muted: it and what needs it does not run; bypassed: what comes in goes on. */
  mode?: "mute" | "bypass";
  with?: Record<string, unknown>;
  from?: Record<string, string | string[]>;
}

/** What a workflow and each of its subgraphs is made of. */
export interface Body {
  title?: string;
  description?: string;
  inputs?: Record<string, InputDecl>;
  nodes: Record<string, NodeEntry>;
  outputs?: Record<string, string>;
  subgraphs?: Record<string, Body>;
  ui?: Record<string, unknown>;
}

export interface Workflow extends Body {
  format: 1;
}

/** The node that stands for the declared inputs; no other node can have its name. */
export const INPUTS = "inputs";

export interface Link {
  node: string;
  /** Empty when the link does not say, as it may for a node of one output. */
  output: string;
  each: boolean;
}

const LINK = /^([A-Za-z_][\w-]*)(?:\.([A-Za-z_][\w-]*))?(\[\*\])?$/;
/** What the name of a saved workflow looks like, for a field to enter one. */
export const FILE_NAME = "[A-Za-z0-9][A-Za-z0-9 _.\\-]{0,79}";

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,79}$/;

/** The parts of `node.output[*]`, or null when it is no link. */
export function parseLink(text: string): Link | null {
  const match = LINK.exec(text);
  return match ? { node: match[1]!, output: match[2] ?? "", each: match[3] !== undefined } : null;
}

export function formatLink(link: Link): string {
  return link.node + (link.output && `.${link.output}`) + (link.each ? "[*]" : "");
}

export function isName(text: string): boolean {
  return NAME.test(text) && text !== INPUTS;
}

export function emptyWorkflow(): Workflow {
  return { format: 1, nodes: {} };
}

/** Whether something that was dropped or pasted is a workflow document. */
export function isWorkflow(data: unknown): data is Workflow {
  if (!isRecord(data) || data.format !== 1 || !isRecord(data.nodes)) return false;
  return Object.values(data.nodes).every((entry) => isRecord(entry) && typeof entry.node === "string");
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface Position {
  x: number;
  y: number;
}

export function positionOf(body: Body, node: string): Position | null {
  const place = isRecord(body.ui?.[node]) ? body.ui[node].position : undefined;
  return Array.isArray(place) && place.length === 2 && place.every(Number.isFinite)
    ? { x: place[0] as number, y: place[1] as number }
    : null;
}

/** All nodes that are drawn: the declared inputs, if there are any, and the nodes. */
export function drawn(body: Body): string[] {
  const names = Object.keys(body.nodes);
  return body.inputs && Object.keys(body.inputs).length > 0 ? [INPUTS, ...names] : names;
}

/** The links of one input, in order, however they are written. */
export function linksOf(entry: NodeEntry | undefined, input: string): Link[] {
  const written = entry?.from?.[input];
  const texts = written === undefined ? [] : typeof written === "string" ? [written] : written;
  return texts.map(parseLink).filter((link) => link !== null);
}
