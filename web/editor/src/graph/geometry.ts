/** Lines and curves: the way of a wire, and what a stroke crosses. */

import type { Position } from "./document";

const STEEPEST = 0.5;

/** An SVG path from the first point to the last through all between; it leaves and arrives level, as ports do. */
export function wirePath(points: readonly Position[]): string {
  const slopes = points.map((_, at) => slope(points[at - 1], points[at + 1]));
  const [first] = points;
  const parts = [`M${first!.x},${first!.y}`];
  for (let at = 1; at < points.length; at++) {
    const [from, to] = [points[at - 1]!, points[at]!];
    const reach = bow(from, to, points.length > 2);
    const [a, b] = [slopes[at - 1]!, slopes[at]!];
    parts.push(`C${from.x + a.x * reach},${from.y + a.y * reach} ${to.x - b.x * reach},${to.y - b.y * reach} ${to.x},${to.y}`);
  }
  return parts.join(" ");
}

/** How far a curve swings out between two points; more where it has to turn back. */
function bow(from: Position, to: Position, short: boolean): number {
  const distance = Math.hypot(to.x - from.x, to.y - from.y);
  const back = to.x < from.x && !short;
  return back ? Math.min(distance * STEEPEST, 40 + 6.25 * Math.sqrt(from.x - to.x)) : distance * (short ? 0.36 : STEEPEST);
}

/** The direction at a point: level at both ends, along its neighbours between. */
function slope(before: Position | undefined, after: Position | undefined): Position {
  if (!before || !after) return { x: 1, y: 0 };
  const [dx, dy] = [after.x - before.x, after.y - before.y];
  const length = Math.hypot(dx, dy);
  return length < 1 ? { x: 1, y: 0 } : { x: dx / length, y: dy / length };
}

const side = (a: Position, b: Position, c: Position) => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);

function segmentsCross(a: Position, b: Position, c: Position, d: Position): boolean {
  return side(a, b, c) * side(a, b, d) <= 0 && side(c, d, a) * side(c, d, b) <= 0 && overlap(a, b, c, d);
}

function overlap(a: Position, b: Position, c: Position, d: Position): boolean {
  const apart = (key: "x" | "y") => Math.max(a[key], b[key]) < Math.min(c[key], d[key]) || Math.max(c[key], d[key]) < Math.min(a[key], b[key]);
  return !apart("x") && !apart("y");
}

/** Whether two lines of several points cross. */
export function linesCross(one: readonly Position[], other: readonly Position[]): boolean {
  for (let i = 1; i < one.length; i++)
    for (let k = 1; k < other.length; k++) if (segmentsCross(one[i - 1]!, one[i]!, other[k - 1]!, other[k]!)) return true;
  return false;
}

/** Where a point goes among others so that the way through all of them grows least; both ends stay ends. */
export function placeBetween(ends: readonly Position[], point: Position): number {
  const far = (a: Position, b: Position) => Math.hypot(a.x - b.x, a.y - b.y);
  let best = 1;
  let least = Infinity;
  for (let at = 1; at < ends.length; at++) {
    const [a, b] = [ends[at - 1]!, ends[at]!];
    const detour = far(a, point) + far(point, b) - far(a, b);
    if (detour < least) [best, least] = [at, detour];
  }
  return best;
}
