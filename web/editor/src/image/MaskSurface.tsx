import { useEffect, useMemo, useRef, useState, type PointerEvent } from "react";
import { abandon, beginPainting, drag, press, redraw, release, shape } from "../state/painter";
import type { Seen } from "../state/pictures";
import { useEditor } from "../state/store";
import { isEmpty, type Box, type Point } from "./layer";
import type { Mask } from "./mask";
import { PixelView } from "./PixelView";

interface SurfaceProps {
  mask: Mask;
  under: Seen | null;
}

const SECONDARY = 2;
const PEN_ERASER = 5;

/** What is painted on: the picture, the mask over it, and the outline of what the pointer is about to do. */
export function MaskSurface({ mask, under }: SurfaceProps) {
  const { tool, size: across, alone } = useEditor((now) => now.painter);
  const [point, setPoint] = useState<Point | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useMemo(() => ({ width: mask.width, height: mask.height }), [mask]);
  const outline = shape();
  const round = tool === "brush" || tool === "eraser";
  useEffect(() => beginPainting(mask, (box) => overlay(canvas.current, mask, box)), [mask]);
  useEffect(() => void redraw(), [alone]);
  return (
    <PixelView
      picture={size}
      label="The mask. Paint with the pointer; keys are shown on the buttons."
      pans={() => tool === "hand"}
      onPress={(at, event) => press({ ...at, pressure: pressureOf(event) }, event.button === SECONDARY || event.button === PEN_ERASER, event.shiftKey)}
      onDrag={(points, event) => drag(points.map((one) => ({ ...one, pressure: event.pointerType === "pen" ? one.pressure : 1 })))}
      onRelease={release}
      onAbandon={abandon}
      onHover={setPoint}
      onDoubleClick={() => undefined}
    >
      {under && !alone && <img src={under.url} alt={under.label} width={size.width} height={size.height} draggable={false} />}
      <canvas ref={canvas} width={size.width} height={size.height} className={alone ? "alone" : ""} aria-hidden="true" />
      <svg viewBox={`0 0 ${size.width} ${size.height}`} width={size.width} height={size.height} aria-hidden="true">
        {round && point && <circle cx={point.x} cy={point.y} r={Math.max(across / 2, 0.5)} />}
        {outline.length > 1 && <polygon points={outline.map(({ x, y }) => `${x},${y}`).join(" ")} />}
      </svg>
    </PixelView>
  );
}

const pressureOf = (event: PointerEvent) => (event.pointerType === "pen" ? event.pressure : 1);

/** Draw a part of the mask: in the colour of masks over a picture, or as it is saved. */
function overlay(canvas: HTMLCanvasElement | null, mask: Mask, box: Box): void {
  const context = canvas?.getContext("2d", { willReadFrequently: true });
  if (!canvas || !context || isEmpty(box) || canvas.width !== mask.width) return;
  context.fillStyle = getComputedStyle(canvas).color;
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(String(context.fillStyle).slice(at, at + 2), 16));
  const picture = new ImageData(box.right - box.left, box.bottom - box.top);
  for (let row = box.top, to = 0; row < box.bottom; row++) {
    for (let column = box.left; column < box.right; column++, to += 4) {
      picture.data[to] = red!;
      picture.data[to + 1] = green!;
      picture.data[to + 2] = blue!;
      picture.data[to + 3] = mask.values[row * mask.width + column]!;
    }
  }
  context.putImageData(picture, box.left, box.top);
}
