/** The document of the store: every change goes through `edit`, so that every change can be undone. */

import { anchored, arrange, type Size } from "../graph/arrange";
import { faceOf } from "../graph/catalog";
import { copyOf, paste, readCopy } from "../graph/clipboard";
import { drawn, positionOf, type Body, type Position as Place, type Workflow } from "../graph/document";
import { edgesOf } from "../graph/edges";
import * as change from "../graph/edit";
import { inside } from "../graph/face";
import * as history from "../graph/history";
import { sweepRoutes } from "../graph/reroutes";
import { sizeOf, NODE_WIDTH } from "../graph/size";
import { isThing, removeThings, type Box } from "../graph/things";
import { tell } from "./notes";
import { flowNodes, flowOf, setFlow, type FlowNode } from "./flow";
import { bodyOf, outerOf, set, state } from "./store";

/** Change what is on the canvas. Changes in a row with the same key are undone together. */
export function edit(make: (body: Body) => Body, key = ""): void {
  const { history: past, path } = state();
  show(history.record(past, inside(past.present, path, (body) => sweepRoutes(make(body))), key));
}

/** Change the whole document, whatever part of it is on the canvas. */
export function editWhole(make: (document: Workflow) => Workflow, key = ""): void {
  const { history: past } = state();
  show(history.record(past, make(past.present), key));
}

function show(next: history.History<Workflow>): void {
  const path = standing(next.present, state().path);
  set({ history: next, path });
  setFlow(flowOf(bodyOf({ history: next, path }), flowNodes()));
}

/** As much of a path as leads somewhere: undo may take away the sub-workflow that one is in. */
function standing(document: Workflow, path: readonly string[]): readonly string[] {
  let body: Body | undefined = document;
  const depth = path.findIndex((name) => !(body = body?.subgraphs?.[name]));
  return depth < 0 ? path : path.slice(0, depth);
}

export const sealHistory = () => set({ history: history.seal(state().history) });
export const undo = () => show(history.undo(state().history));
export const redo = () => show(history.redo(state().history));

/** The nodes, frames and notes that are selected. */
export const selectedItems = () => flowNodes().filter((node) => node.selected).map((node) => node.id);
export const selectedNodes = () => selectedItems().filter((id) => !isThing(id));

/** Where nodes, frames and notes are, as large as they are drawn. */
export function boxesOf(ids: Iterable<string>): Map<string, Box> {
  const wanted = new Set(ids);
  return new Map(flowNodes().filter((node) => wanted.has(node.id)).map((node) => [node.id, { ...node.position, ...measured(node) }]));
}

export function select(names: Iterable<string>): void {
  setFlow(flowOf(bodyOf(state()), flowNodes(), new Set(names)));
  set({ selectedEdges: new Set() });
}

export function selectAll(): void {
  select(flowNodes().map((node) => node.id));
}

export function invertSelection(): void {
  select(flowNodes().filter((node) => !node.selected).map((node) => node.id));
}

export function removeSelected(): void {
  const { catalog, selectedEdges } = state();
  const names = selectedItems();
  if (!catalog || (names.length === 0 && selectedEdges.size === 0)) return;
  edit((body) => {
    const edges = edgesOf(body, catalog, outerOf(state())).filter((edge) => selectedEdges.has(edge.id));
    return removeThings(change.removeNodes(change.disconnect(body, edges), names), names);
  });
  set({ selectedEdges: new Set() });
}

export function dissolveSelected(): void {
  const { catalog } = state();
  if (catalog) edit((body) => change.dissolve(body, selectedNodes(), catalog, outerOf(state())));
}

export function copySelected(): string | null {
  const names = selectedItems();
  return names.length > 0 ? JSON.stringify(copyOf(bodyOf(state()), names), null, 2) : null;
}

/** Paste text from the clipboard; false when there is no workflow in it. */
export function pasteText(text: string, at: Place | null, inbound = false): boolean {
  const copied = readCopy(text);
  if (!copied) return false;
  const pasted = paste(bodyOf(state()), copied, at, inbound);
  edit(() => pasted.body);
  select(pasted.names);
  tell(`Pasted ${pasted.names.length === 1 ? "one" : pasted.names.length}`);
  return true;
}

export function duplicate(inbound: boolean): void {
  const names = selectedItems();
  if (names.length > 0) pasteText(JSON.stringify(copyOf(bodyOf(state()), names)), null, inbound);
}

/** Tidy positions; of the selected nodes only, in their place, when there are two or more. */
export function tidy(): void {
  const flow = flowNodes().filter((node) => !isThing(node.id));
  const chosen = flow.filter((node) => node.selected);
  const some = chosen.length > 1 ? chosen : flow;
  if (some.length === 0) return;
  const sizes = new Map(some.map((node) => [node.id, measured(node)]));
  const positions = arranged(bodyOf(state()), sizes);
  const corner = { x: Math.min(...some.map((node) => node.position.x)), y: Math.min(...some.map((node) => node.position.y)) };
  edit((body) => change.place(body, anchored(positions, corner)));
}

function measured(node: FlowNode): Size {
  return { width: node.width ?? node.measured?.width ?? NODE_WIDTH, height: node.height ?? node.measured?.height ?? 120 };
}

function arranged(body: Body, sizes: Map<string, Size>): Record<string, Place> {
  const { catalog } = state();
  return catalog ? arrange(sizes, edgesOf(body, catalog, outerOf(state()))) : {};
}

/** A body with positions for its nodes; those that it has are kept. */
export function positioned<B extends Body>(body: B): B {
  const { catalog } = state();
  const names = drawn(body);
  const lost = names.filter((name) => positionOf(body, name) === null);
  if (!catalog || lost.length === 0) return body;
  const sizes = new Map(names.map((name) => [name, sizeOf(name, faceOf(name, body, catalog), body.nodes[name])]));
  const found = arrange(sizes, edgesOf(body, catalog));
  const wanted = lost.length === names.length ? found : Object.fromEntries(lost.map((name) => [name, found[name]!]));
  return change.place(body, wanted) as B;
}

/** Show another document; its history begins anew. */
export function replaceDocument(document: Workflow, file: { name: string; etag: string | null; saved: Workflow }): void {
  set({ ...file, opened: state().opened + 1, history: history.begin(document), path: [], selectedEdges: new Set(), plan: {}, problems: [], run: null, own: [], results: {}, values: {}, previews: {} });
  setFlow(flowOf(document, []));
}

/** Another text of the same file, as it is saved now; undo goes back to what was here. */
export function takeDocument(document: Workflow, etag: string): void {
  const { history: past, path } = state();
  const next = history.record(history.seal(past), document);
  const kept = bodyAt(document, path) ? path : [];
  set({ history: next, saved: document, etag, path: kept, elsewhere: null });
  setFlow(flowOf(bodyOf(state()), flowNodes()));
}

function bodyAt(body: Body | undefined, path: readonly string[]): Body | undefined {
  return path.reduce<Body | undefined>((found, name) => found?.subgraphs?.[name], body);
}

/** Go into a subgraph, or out to one of those around it. */
export function enter(path: readonly string[]): void {
  const body = bodyOf({ history: state().history, path });
  const laid = positioned(body);
  set({ path, selectedEdges: new Set() });
  // Where nodes lie that had no place yet is nothing to undo.
  if (laid !== body) set({ history: { ...state().history, present: inside(state().history.present, path, () => laid) } });
  setFlow(flowOf(laid, []));
}
