/** Commands on wires, and on nodes for the sake of their wires. */

import { pointerPlace } from "../canvas/view";
import { addPoint, detachSelected, selectedEdge, wireFrom } from "../canvas/wiring";
import { INPUTS } from "../graph/document";
import { selectedItems, selectedNodes } from "../state/document";
import { set, state } from "../state/store";
import type { Command } from "./command";

const real = () => selectedNodes().filter((name) => name !== INPUTS);

function insertHere(): void {
  const edge = selectedEdge();
  if (edge) set({ dialog: { kind: "palette", at: pointerPlace(), wire: { node: edge.source, port: edge.output, side: "source" } } });
}

function pointHere(): void {
  const { x, y } = pointerPlace();
  addPoint(selectedEdge(), { clientX: x, clientY: y });
}

function swap(): void {
  set({ dialog: { kind: "palette", at: pointerPlace(), wire: null, swap: real()[0] } });
}

export const WIRE: readonly Command[] = [
  { id: "wire.draw", title: "Wire a port of the node", group: "Wire", keys: ["W"], run: () => wireFrom(selectedNodes()[0]!), when: () => selectedNodes().length === 1 },
  { id: "wire.insert", title: "Add a node into the wire", group: "Wire", keys: ["I"], run: insertHere, when: () => state().selectedEdges.size === 1 },
  { id: "wire.point", title: "Lead the wire through a point here", group: "Wire", keys: ["Shift+R"], run: pointHere, when: () => state().selectedEdges.size === 1 },
  { id: "node.swap", title: "Swap the node, keep its wires", group: "Wire", keys: ["Shift+S"], run: swap, when: () => real().length === 1 },
  { id: "node.detach", title: "Take the nodes out of their wires", group: "Wire", keys: ["Shift+D"], run: detachSelected, when: () => real().length > 0 },
  { id: "node.rename", title: "Rename", group: "Edit", keys: ["F2"], run: () => set({ renaming: selectedItems()[0]! }), when: () => selectedItems().length === 1 && selectedItems()[0] !== INPUTS },
];
