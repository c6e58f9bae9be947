/** What a node of the canvas is told of the run and of the plan; both are of the workflow's own nodes, not of a subgraph's. */

import type { RunError } from "../api/types";
import { hasEnded, topOf, type NodeRun } from "../graph/progress";
import { useEditor, type EditorState, type Planned } from "../state/store";

export const nodeRun = (now: EditorState, id: string): NodeRun | undefined => (now.path.length === 0 ? now.run?.nodes[id] : undefined);

export const useNodeRun = (id: string) => useEditor((now) => nodeRun(now, id));

export const useGoing = () => useEditor((now) => now.run !== null && !hasEnded(now.run.state));

export const usePlanned = (id: string): Planned | undefined => useEditor((now) => (now.path.length === 0 ? now.plan[id] : undefined));

/** Why a node failed in the run that is shown. */
export function useFailure(id: string): RunError | null {
  return useEditor((now) => {
    const error = now.run?.error;
    return now.path.length === 0 && error?.node && topOf(error.node) === id ? error : null;
  });
}

const COLORS: Record<string, string> = { run: " will-run", later: " will-run", memory: " kept", disk: " kept", "not needed": " idle" };

/** The class of what a run would do with a node, or of what it does. */
export function useStatus(id: string): string {
  return useEditor((now) => {
    const run = nodeRun(now, id);
    const going = now.run !== null && !hasEnded(now.run.state);
    if (run && (going || run.state === "failed")) return ` ${run.state}`;
    return going || now.path.length > 0 ? "" : (COLORS[now.plan[id]?.state ?? ""] ?? "");
  });
}
