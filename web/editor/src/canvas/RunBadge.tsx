import { duration } from "../graph/numbers";
import { hasEnded } from "../graph/progress";
import { useEditor } from "../state/store";

/** What became of a node in this run, or what a run would do with it: a sign and a word, never colour alone. */
export function RunBadge({ node }: { node: string }) {
  const run = useEditor((now) => now.run?.nodes[node]);
  const going = useEditor((now) => now.run !== null && !hasEnded(now.run.state));
  const planned = useEditor((now) => now.plan[node]);
  if (run?.state === "failed") return <Badge kind="failed" text="✕ failed" />;
  if (run && going) {
    if (run.state === "running") return <Badge kind="running" text={run.total > 0 ? `${run.step}/${run.total}` : "running"} />;
    if (run.state === "cached") return <Badge kind="cached" text="≡ cached" title={`taken from ${run.source}`} />;
    return <Badge kind="done" text={`✓ ${duration(run.seconds)}`} />;
  }
  if (going) return planned?.state === "run" ? <Badge kind="waiting" text="waits" /> : null;
  if (planned?.state === "run" || planned?.state === "later") return <Badge kind="stale" text="● will run" title={planned.reason} />;
  if (run?.state === "done") return <Badge kind="done" text={`✓ ${duration(run.seconds)}`} title={planned?.reason} />;
  if (planned?.state === "memory" || planned?.state === "disk") return <Badge kind="cached" text="≡ cached" title={`kept ${planned.state === "disk" ? "on disk" : "in memory"}: ${planned.reason}`} />;
  if (planned?.state === "not needed") return <Badge kind="idle" text="not needed" title={planned.reason} />;
  return null;
}

function Badge({ kind, text, title }: { kind: string; text: string; title?: string }) {
  return (
    <span className={`badge ${kind}`} title={title || undefined}>
      {text}
    </span>
  );
}
