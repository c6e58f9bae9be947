/** Commands that run. */

import { hasEnded } from "../graph/progress";
import { selectedNodes } from "../state/document";
import { cancel, submit } from "../state/runs";
import { state } from "../state/store";
import type { Command } from "./command";

const running = () => {
  const { run } = state();
  return run !== null && !hasEnded(run.state);
};

export const RUN: readonly Command[] = [
  { id: "run", title: "Run", group: "Run", keys: ["Ctrl+Enter"], run: () => submit(), when: () => !running(), always: true },
  { id: "run.here", title: "Run to the selected nodes", group: "Run", keys: ["Alt+Enter"], run: () => submit({ targets: selectedNodes() }), when: () => selectedNodes().length > 0 && !running() && state().path.length === 0 },
  { id: "run.fresh", title: "Run without the cache", group: "Run", keys: [], run: () => submit({ use_cache: false }), when: () => !running() },
  { id: "run.cancel", title: "Cancel the run", group: "Run", keys: ["Ctrl+Alt+Enter"], run: cancel, when: running, always: true },
];
