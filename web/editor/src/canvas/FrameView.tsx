import type { NodeProps } from "@xyflow/react";
import { memo, type CSSProperties } from "react";
import { tint } from "../graph/looks";
import { setThing, thingOf } from "../graph/things";
import { edit } from "../state/document";
import type { FlowNode } from "../state/flow";
import { bodyOf, useEditor } from "../state/store";
import { Resize } from "./Resize";
import { Title } from "./Title";

/** A frame: a title and a colour behind some nodes, which move with it. */
export const FrameView = memo(function FrameView({ id }: NodeProps<FlowNode>) {
  const frame = useEditor((now) => thingOf(bodyOf(now), id));
  if (!frame) return null;
  const title = frame.title || "Frame";
  return (
    <div className="frame" style={{ "--tint": tint(frame.color) || "var(--tint-grey)" } as CSSProperties}>
      <div className="frame-title">
        <Title id={id} title={title} onDone={(text) => edit((body) => setThing(body, id, { title: text }))} />
      </div>
      <Resize id={id} size={frame.size} label={`the frame ${title}`} />
    </div>
  );
});
