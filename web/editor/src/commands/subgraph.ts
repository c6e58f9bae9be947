/** Commands on sub-workflows. */

import { selectedNodes } from "../state/document";
import { set, state } from "../state/store";
import { enterSubgraph, expandSelected, leaveSubgraph, selectedSubgraph } from "../state/subgraphs";
import type { Command } from "./command";

const onOne = () => selectedSubgraph() !== "";

export const SUBGRAPH: readonly Command[] = [
  { id: "subgraph.make", title: "Make a sub-workflow of the selection", group: "Subgraph", keys: ["Ctrl+Shift+E"], run: () => set({ dialog: { kind: "group" } }), when: () => selectedNodes().length > 0 },
  { id: "subgraph.enter", title: "Go into the sub-workflow", group: "Subgraph", keys: ["Alt+ArrowDown"], run: () => enterSubgraph(selectedSubgraph()), when: onOne },
  { id: "subgraph.leave", title: "Leave the sub-workflow", group: "Subgraph", keys: ["Alt+ArrowUp"], run: leaveSubgraph, when: () => state().path.length > 0 },
  { id: "subgraph.expand", title: "Put the sub-workflow's nodes in its place", group: "Subgraph", keys: ["Ctrl+Alt+E"], run: expandSelected, when: onOne },
  { id: "face", title: "Inputs and outputs", group: "Subgraph", keys: ["Shift+F"], run: () => set({ dialog: { kind: "face" } }) },
];
