import { BaseEdge, EdgeLabelRenderer, getBezierPath, type Edge as FlowEdge, type EdgeProps } from "@xyflow/react";
import { memo, type CSSProperties } from "react";

export type WireEdge = FlowEdge<{ color: string; each: boolean; busy: boolean }, "wire">;

/** A wire, coloured by what it carries; `each` says that its node runs once per element. */
export const EdgeView = memo(function EdgeView(props: EdgeProps<WireEdge>) {
  const [path, x, y] = getBezierPath(props);
  const { color = "", each, busy } = props.data ?? {};
  return (
    <>
      <BaseEdge id={props.id} path={path} interactionWidth={16} className={`wire${busy ? " busy" : ""}`} style={{ "--kind": color } as CSSProperties} />
      {each && (
        <EdgeLabelRenderer>
          <span className="each" style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }} title="The node runs once for each element">
            each
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
