import { useId } from "react";
import { duration } from "../graph/numbers";
import { useGoing, useNodeRun, usePlanned } from "./useRun";

interface Shown {
  kind: "failed" | "running" | "cached" | "done" | "waiting" | "stale" | "idle";
  text: string;
  why?: string;
}

/** What became of a node in this run, or what a run would do with it and why: a sign and a word, never colour alone. */
export function RunBadge({ node }: { node: string }) {
  const id = useId();
  const shown = useShown(node);
  if (!shown) return null;
  return (
    <span className={`badge ${shown.kind}`} aria-describedby={shown.why ? id : undefined}>
      {shown.text}
      {shown.why && (
        <span className="tip" role="tooltip" id={id}>
          {shown.why}
        </span>
      )}
    </span>
  );
}

function useShown(node: string): Shown | null {
  const run = useNodeRun(node);
  const going = useGoing();
  const planned = usePlanned(node);
  const why = planned?.reason;
  if (run?.state === "failed") return { kind: "failed", text: "✕ failed" };
  if (run && going) {
    if (run.state === "running") return { kind: "running", text: run.total > 0 ? `▶ ${run.step}/${run.total}` : "▶ runs" };
    if (run.state === "cached") return { kind: "cached", text: "≡ cached", why: `Taken from ${run.source}` };
    return { kind: "done", text: `✓ ${duration(run.seconds)}` };
  }
  const state = planned?.state ?? "";
  if (going) return state === "run" || state === "later" ? { kind: "waiting", text: "◷ waits" } : null;
  if (state === "run") return { kind: "stale", text: "● will run", why };
  if (state === "later") return { kind: "stale", text: "● may run", why };
  if (run?.state === "done") return { kind: "done", text: `✓ ${duration(run.seconds)}`, why };
  if (state === "memory" || state === "disk") return { kind: "cached", text: "≡ cached", why: `Kept ${state === "disk" ? "on disk" : "in memory"}: ${why}` };
  return state === "not needed" ? { kind: "idle", text: "○ not needed", why } : null;
}
