import { useConnection, useReactFlow } from "@xyflow/react";
import { useEditor } from "../state/store";
import { verdict, wireOf } from "./wiring";

type Found = { ok: true; how: string } | { ok: false; reason: string };

function allTo(side: string, node: string, port: string): Found {
  if (side !== "source") return { ok: false, reason: "all wires move to another output" };
  const { fitting } = useEditor.getState();
  return fitting?.has(`${node}.${port}`) ? { ok: true, how: "one" } : { ok: false, reason: "not every wire fits here" };
}

/** Beside the pointer while a wire is drawn: why it may not end here, or what ending here would mean. */
export function WireHint() {
  const wire = useEditor((now) => now.wire);
  const { toHandle, to } = useConnection((connection) => ({ toHandle: connection.toHandle ?? null, to: connection.to ?? null }));
  const { flowToScreenPosition } = useReactFlow();
  if (!wire || !toHandle?.id || !to) return null;
  const found: Found = wire.all ? allTo(toHandle.type, toHandle.nodeId, toHandle.id) : toHandle.type === wire.side ? { ok: false as const, reason: `both are ${wire.side === "source" ? "outputs" : "inputs"}` } : verdict(wireOf(wire, toHandle.nodeId, toHandle.id));
  const text = found.ok ? (found.how === "each" ? "runs once for each element" : found.how === "item" ? "one more element" : "") : found.reason;
  if (!text) return null;
  const place = flowToScreenPosition({ x: toHandle.x, y: toHandle.y });
  return (
    <div className={`wire-hint${found.ok ? "" : " refused"}`} role="status" style={{ left: place.x + 14, top: place.y + 14 }}>
      {text}
    </div>
  );
}
