import { useEffect, useLayoutEffect, useRef, useState, type CSSProperties, type PointerEvent, type ReactNode } from "react";
import { lookAt, lookAtWhole, nowShown, zoomLook } from "../state/look";
import { state, useEditor } from "../state/store";
import type { Point } from "./layer";
import { corner, settled, zoomed, type Size } from "./look";

interface PixelViewProps {
  picture: Size;
  label: string;
  children: ReactNode;
  /** Whether a press of the pointer pans; all do where nothing is said. */
  pans?: (event: PointerEvent, point: Point, zoom: number) => boolean;
  /** What is done with presses that do not pan; places are those of the picture. */
  onPress?: (point: Point, event: PointerEvent) => void;
  onDrag?: (points: readonly (Point & { pressure: number })[], event: PointerEvent) => void;
  onRelease?: () => void;
  /** A second finger came down: what the first one began was none. */
  onAbandon?: () => void;
  onHover?: (point: Point | null) => void;
  onDoubleClick?: () => void;
}

/** A picture by its pixels: wheel and pinch zoom, a drag with the middle button, with Space, or any other, pans. */
export function PixelView({ picture, label, children, pans = () => true, onPress, onDrag, onRelease, onAbandon, onHover, onDoubleClick }: PixelViewProps) {
  const shell = useRef<HTMLDivElement>(null);
  const [box, setBox] = useState<Size>({ width: 0, height: 0 });
  const look = settled(useEditor((now) => now.look), picture, box);
  const at = corner(look, box);
  const place = useRef((_: { clientX: number; clientY: number }): Point => ({ x: 0, y: 0 }));
  place.current = ({ clientX, clientY }) => {
    const { left, top } = shell.current!.getBoundingClientRect();
    return { x: (clientX - left - at.x) / look.zoom, y: (clientY - top - at.y) / look.zoom };
  };
  const fingers = useRef(new Map<number, PointerEvent>());
  const doing = useRef<"pan" | "draw" | null>(null);
  const last = useRef({ x: 0, y: 0 });
  const space = useSpace();

  // Measured before it is drawn: the observer's first word may come after a press of the pointer.
  useLayoutEffect(() => setBox({ width: shell.current!.clientWidth, height: shell.current!.clientHeight }), []);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setBox({ width: entry!.contentRect.width, height: entry!.contentRect.height }));
    watch.observe(shell.current!);
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      zoomLook(event.deltaY < 0 ? 1 : -1, place.current(event));
    };
    const element = shell.current!;
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      watch.disconnect();
      element.removeEventListener("wheel", onWheel);
    };
  }, []);
  useEffect(() => nowShown(picture, box), [picture, box]);

  function onPointerDown(event: PointerEvent<HTMLDivElement>) {
    if (event.pointerType === "touch") fingers.current.set(event.pointerId, event);
    if (fingers.current.size === 2 && doing.current === "draw") onAbandon?.();
    doing.current = fingers.current.size > 1 || event.button === 1 || space.current || pans(event, place.current(event), look.zoom) ? "pan" : "draw";
    event.currentTarget.setPointerCapture(event.pointerId);
    last.current = { x: event.clientX, y: event.clientY };
    if (doing.current === "draw") onPress?.(place.current(event), event);
    else event.preventDefault();
  }

  function onPointerMove(event: PointerEvent<HTMLDivElement>) {
    onHover?.(place.current(event));
    const before = fingers.current.get(event.pointerId);
    if (fingers.current.size === 2) pinch([...fingers.current.values()], event);
    else if (doing.current === "pan" && event.buttons > 0) pan(event.clientX - last.current.x, event.clientY - last.current.y);
    else if (doing.current === "draw" && event.buttons > 0) onDrag?.(allOf(event).map((one) => ({ ...place.current(one), pressure: one.pressure })), event);
    if (before) fingers.current.set(event.pointerId, event);
    last.current = { x: event.clientX, y: event.clientY };
  }

  function onPointerUp(event: PointerEvent<HTMLDivElement>) {
    fingers.current.delete(event.pointerId);
    if (doing.current === "draw") onRelease?.();
    if (fingers.current.size === 0) doing.current = null;
  }

  function pan(x: number, y: number) {
    const now = settled(state().look, picture, box);
    lookAt(settled({ ...now, x: now.x - x / now.zoom, y: now.y - y / now.zoom }, picture, box));
  }

  function pinch(old: readonly PointerEvent[], moved: PointerEvent) {
    const [a, b] = old.map((one) => (one.pointerId === moved.pointerId ? moved : one));
    const wide = (one: PointerEvent, other: PointerEvent) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const middle = { clientX: (a!.clientX + b!.clientX) / 2, clientY: (a!.clientY + b!.clientY) / 2 };
    const now = settled(state().look, picture, box);
    const zoom = Math.max(1 / 16, Math.min(64, (now.zoom * wide(a!, b!)) / Math.max(1, wide(old[0]!, old[1]!))));
    const was = { clientX: (old[0]!.clientX + old[1]!.clientX) / 2, clientY: (old[0]!.clientY + old[1]!.clientY) / 2 };
    const next = zoomed(now, zoom, place.current(was));
    lookAt(settled({ ...next, x: next.x - (middle.clientX - was.clientX) / zoom, y: next.y - (middle.clientY - was.clientY) / zoom }, picture, box));
  }

  return (
    <div
      ref={shell}
      className={`pixel-view${look.zoom < 1 ? " small" : ""}`}
      tabIndex={0}
      role="application"
      aria-label={label}
      data-zoom={look.zoom}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
      onPointerLeave={() => onHover?.(null)}
      onContextMenu={(event) => event.preventDefault()}
      onDoubleClick={onDoubleClick ?? lookAtWhole}
    >
      <div className="pixels" style={{ width: picture.width, height: picture.height, transform: `translate(${at.x}px, ${at.y}px) scale(${look.zoom})`, "--zoom": look.zoom } as CSSProperties}>
        {children}
      </div>
    </div>
  );
}

/** All the places that the pointer passed since the last event. */
function allOf(event: PointerEvent): globalThis.PointerEvent[] {
  const passed = event.nativeEvent.getCoalescedEvents();
  return passed.length > 0 ? passed : [event.nativeEvent];
}

/** Whether Space is held down. */
function useSpace() {
  const held = useRef(false);
  useEffect(() => {
    const stop = new AbortController();
    const hear = (event: KeyboardEvent) => {
      if (event.key === " ") held.current = event.type === "keydown";
    };
    addEventListener("keydown", hear, { signal: stop.signal });
    addEventListener("keyup", hear, { signal: stop.signal });
    return () => stop.abort();
  }, []);
  return held;
}
