import { BaseEdge, EdgeLabelRenderer, getBezierPath, type Edge as FlowEdge, type EdgeProps } from "@xyflow/react";
import { memo, useState, type CSSProperties } from "react";
import type { Position } from "../graph/document";
import { wirePath } from "../graph/geometry";
import { Reroutes } from "./Reroutes";

export type WireEdge = FlowEdge<{ color: string; each: boolean; busy: boolean; points: readonly Position[] }, "wire">;

const NONE: readonly Position[] = [];

/** A wire, coloured by what it carries and led through its points; `each` says that its node runs once per element. */
export const EdgeView = memo(function EdgeView(props: EdgeProps<WireEdge>) {
  const { color = "", each, busy, points = NONE } = props.data ?? {};
  const [dragged, setDragged] = useState<readonly Position[] | null>(null);
  const shown = dragged ?? points;
  const { sourceX, sourceY, targetX, targetY } = props;
  const [plain, middleX, middleY] = getBezierPath(props);
  const path = shown.length > 0 ? wirePath([{ x: sourceX, y: sourceY }, ...shown, { x: targetX, y: targetY }]) : plain;
  const label = shown[Math.floor(shown.length / 2)] ?? { x: middleX, y: middleY };
  return (
    <>
      <BaseEdge id={props.id} path={path} interactionWidth={16} className={`wire${busy ? " busy" : ""}`} style={{ "--kind": color } as CSSProperties} />
      {shown.length > 0 && <Reroutes wire={{ source: props.source, output: props.sourceHandleId!, target: props.target, input: props.targetHandleId! }} points={shown} color={color} onDrag={setDragged} />}
      {each && (
        <EdgeLabelRenderer>
          <span className="each" style={{ transform: `translate(-50%, -50%) translate(${label.x}px, ${label.y - (shown.length > 0 ? 16 : 0)}px)` }} title="The node runs once for each element">
            each
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
