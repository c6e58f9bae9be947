/** The one store. What it holds is here; what changes it are the functions in the files beside this one. */

import { create } from "zustand";
import type { ModelInfo, OutputFile, QueueState, Run } from "../api/types";
import type { Catalog } from "../graph/catalog";
import { emptyWorkflow, type Body, type Position, type Workflow } from "../graph/document";
import { begin, type History } from "../graph/history";
import type { FilePlace } from "../graph/pictures";
import type { Problem, RunState } from "../graph/progress";
import { GALLERY, type CompareMode, type GalleryState } from "../image/gallery";
import { WHOLE, type Look } from "../image/look";
import { PAINTER, type PainterState } from "../image/tools";
import type { PanelId } from "../panels/names";
import type { Settings } from "./settings";
import type { OtherTab } from "./tabs";

/** A wire that was dropped on empty canvas and waits for a node. */
export interface LooseWire {
  node: string;
  port: string;
  side: "source" | "target";
  /** Not a new wire, but all wires of an output, to be moved to another output. */
  all?: boolean;
}

export type Dialog =
  | { kind: "start" }
  | { kind: "commands" }
  | { kind: "help" }
  | { kind: "missing" }
  | { kind: "revisions" }
  | { kind: "share" }
  | { kind: "settings" }
  | { kind: "save" }
  | { kind: "run" }
  /** What differs between a run and a later one, or what is on the canvas. */
  | { kind: "diff"; before: Run; after: Run | null }
  | { kind: "picture"; files: readonly OutputFile[]; index: number }
  | { kind: "compare"; files: readonly OutputFile[]; pair: readonly [number, number]; mode: CompareMode; still?: "a" | "b" }
  | { kind: "send"; file: OutputFile }
  | { kind: "file"; place: FilePlace }
  | { kind: "color" }
  | { kind: "mask"; place: FilePlace }
  | { kind: "find" }
  | { kind: "menu"; where: "node" | "wire" | "canvas"; at: Position }
  | { kind: "group" }
  | { kind: "face" }
  | { kind: "wire"; node: string; from: LooseWire | null }
  | { kind: "palette"; at: Position; wire: LooseWire | null; swap?: string };

/** How a workflow is shown: as a graph, as a form of its declared inputs, or as a list of its nodes. */
export type View = "canvas" | "form" | "outline";

export interface Note {
  id: number;
  tone: "info" | "error";
  text: string;
  /** What can be done about it. */
  action?: { text: string; run: () => unknown };
}

export interface Planned {
  state: string;
  reason: string;
}

export interface EditorState {
  catalog: Catalog | null;
  models: readonly ModelInfo[];
  /** Of the server. */
  version: string;
  /** The pictures that lie beside the workflows. */
  pictures: readonly string[];
  readOnly: boolean;
  online: boolean;
  /** The other tabs of this browser, by their ids. */
  tabs: Readonly<Record<string, OtherTab>>;
  /** What somebody else did to the file, as long as this tab has a text of its own. */
  elsewhere: "changed" | "gone" | null;
  signedOut: boolean;
  /** The first workflow of a new person was opened, and not touched yet. */
  welcome: boolean;
  /** Why the editor could not begin. */
  broken: string;

  /** How many documents this page has opened: another one is another canvas. */
  opened: number;
  name: string;
  etag: string | null;
  saved: Workflow;
  history: History<Workflow>;
  /** The names of the subgraphs that were entered, outermost first. */
  path: readonly string[];

  selectedEdges: ReadonlySet<string>;
  /** The node or frame whose title is typed. */
  renaming: string;
  /** While a wire is drawn: the ports where it may end. */
  fitting: ReadonlySet<string> | null;
  wire: LooseWire | null;

  /** The run that is shown on the nodes: of this tab's runs the one that runs, else the newest. */
  run: RunState | null;
  /** This tab's runs of this document, in the order of submission. */
  own: readonly string[];
  /** Every run that has not ended, whoever began it, as far as its events told. */
  live: Readonly<Record<string, RunState>>;
  queue: QueueState;
  submitting: boolean;
  /** How many runs one press of Run queues. */
  batch: number;
  previews: Readonly<Record<string, string>>;
  results: Readonly<Record<string, OutputFile[]>>;
  /** Numbers, texts and the like that runs gave: by node, by the name of the output. */
  values: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  plan: Readonly<Record<string, Planned>>;
  problems: readonly Problem[];

  view: View;
  dialog: Dialog | null;
  look: Look;
  painter: PainterState;
  /** The canvas is seen from so far away that nodes are boxes with titles. */
  overview: boolean;
  gallery: GalleryState;
  side: PanelId | null;
  theme: "dark" | "light";
  settings: Settings;
  notes: readonly Note[];
}

export const useEditor = create<EditorState>(() => ({
  catalog: null,
  models: [],
  version: "",
  pictures: [],
  readOnly: false,
  online: true,
  tabs: {},
  elsewhere: null,
  signedOut: false,
  welcome: false,
  broken: "",
  opened: 0,
  name: "",
  etag: null,
  saved: emptyWorkflow(),
  history: begin(emptyWorkflow()),
  path: [],
  selectedEdges: new Set(),
  renaming: "",
  fitting: null,
  wire: null,
  run: null,
  own: [],
  live: {},
  queue: { paused: false, running: 0, waiting: 0, runs: [] },
  submitting: false,
  batch: 1,
  previews: {},
  results: {},
  values: {},
  plan: {},
  problems: [],
  view: "canvas",
  dialog: null,
  look: WHOLE,
  painter: PAINTER,
  overview: false,
  gallery: GALLERY,
  side: "result",
  theme: "dark",
  settings: { theme: "system", minimap: true, motion: "system", keys: {} },
  notes: [],
}));

export const state = useEditor.getState;
export const set = useEditor.setState;

/** The workflow or the subgraph that is on the canvas. */
export function bodyOf({ history, path }: Pick<EditorState, "history" | "path">): Body {
  return path.reduce<Body>((body, name) => body.subgraphs?.[name] ?? body, history.present);
}

/** The bodies around the one on the canvas, outermost first. */
export function outerOf({ history, path }: Pick<EditorState, "history" | "path">): Body[] {
  const found: Body[] = [];
  let body: Body = history.present;
  for (const name of path) {
    found.push(body);
    body = body.subgraphs?.[name] ?? body;
  }
  return found;
}

export const isDirty = ({ history, saved }: EditorState) => history.present !== saved;
