import { useState } from "react";
import { faceOf } from "../graph/catalog";
import { drawn, INPUTS, linksOf } from "../graph/document";
import { search } from "../graph/fuzzy";
import { bodyOf, outerOf, state, useEditor } from "../state/store";
import { CommandButton } from "./CommandButton";
import { OutlineNode } from "./OutlineNode";

const MOST = 200;

/** Everything that is on the canvas as a list, for who does not look at a canvas: nodes, values, and what feeds what. */
export function Outline() {
  const body = useEditor(bodyOf);
  const catalog = useEditor((now) => now.catalog)!;
  const [query, setQuery] = useState("");
  const [open, setOpen] = useState<string | null>(null);
  const [most, setMost] = useState(MOST);
  const names = drawn(body);
  const found = search(query, names, (name) => [name, body.nodes[name]?.title ?? "", body.nodes[name]?.node ?? ""]);
  return (
    <div className="outline">
      <header>
        <h2>{names.length === 1 ? "1 node" : `${names.length} nodes`}</h2>
        <input type="search" aria-label="Search nodes of this workflow" placeholder="Search" value={query} onChange={(event) => setQuery(event.target.value)} />
        <CommandButton id="node.add" text="+ Node" />
        <CommandButton id="face" text="Inputs and outputs" />
      </header>
      <table>
        <caption className="hidden">Nodes of the workflow; open one to change it</caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">Type</th>
            <th scope="col">Fed by</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {found.slice(0, most).map((name) => (
            <OutlineNode key={name} name={name} open={open === name} face={faceOf(name, body, catalog, outerOf(state()))} fedBy={feeders(name)} onToggle={() => setOpen(open === name ? null : name)} onGo={setOpen} />
          ))}
        </tbody>
      </table>
      {found.length > most && (
        <button type="button" className="more" onClick={() => setMost(most + MOST)}>
          {found.length - most} more
        </button>
      )}
      {names.length === 0 && <p className="nothing">Nothing here yet. Add a node, or open a workflow.</p>}
    </div>
  );

  function feeders(name: string): string {
    const entry = name === INPUTS ? undefined : body.nodes[name];
    return [...new Set(Object.keys(entry?.from ?? {}).flatMap((input) => linksOf(entry, input).map((link) => link.node)))].join(", ");
  }
}
