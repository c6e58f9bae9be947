/** Going in and out of sub-workflows, making them of the selection, and putting them back. */

import { collapseInto, expand, pathTo, subgraphKey, type Outcome } from "../graph/subgraphs";
import { edit, enter, select, selectedItems, selectedNodes } from "./document";
import { tell } from "./notes";
import { bodyOf, outerOf, state } from "./store";

/** The sub-workflow that the one selected node uses; empty when it uses none of this file. */
export function selectedSubgraph(): string {
  const names = selectedNodes();
  return names.length === 1 ? subgraphKey(bodyOf(state()).nodes[names[0]!]) : "";
}

export function enterSubgraph(key: string): void {
  const path = pathTo(key, state().path, [...outerOf(state()), bodyOf(state())]);
  if (path) enter(path);
  else tell(`There is no sub-workflow ${key} in this file`, "error");
}

/** Go out, with the node that uses what was left selected. */
export function leaveSubgraph(): void {
  const { path } = state();
  const key = path.at(-1);
  enter(path.slice(0, -1));
  select(Object.entries(bodyOf(state()).nodes).filter(([, entry]) => subgraphKey(entry) === key).map(([name]) => name).slice(0, 1));
}

function show(found: Outcome): boolean {
  if (!found.ok) {
    tell(`Not done: ${found.reason}`, "error");
    return false;
  }
  edit(() => found.body);
  select(found.names);
  return true;
}

export function makeSubgraph(title: string): void {
  const { catalog } = state();
  if (catalog) show(collapseInto(bodyOf(state()), selectedItems(), title, catalog, outerOf(state())));
}

export function expandSelected(): void {
  const [name] = selectedNodes();
  if (name) show(expand(bodyOf(state()), name, outerOf(state())));
}
