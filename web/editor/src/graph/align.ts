/** Boxes brought into line, or spread evenly. */

import type { Position } from "./document";
import type { Box } from "./things";

export type Edge = "left" | "right" | "top" | "bottom";

export function align(boxes: ReadonlyMap<string, Box>, edge: Edge): Record<string, Position> {
  const all = [...boxes.values()];
  const left = Math.min(...all.map(({ x }) => x));
  const top = Math.min(...all.map(({ y }) => y));
  const right = Math.max(...all.map(({ x, width }) => x + width));
  const bottom = Math.max(...all.map(({ y, height }) => y + height));
  const moved: Record<Edge, (box: Box) => Position> = {
    left: ({ y }) => ({ x: left, y }),
    right: ({ y, width }) => ({ x: right - width, y }),
    top: ({ x }) => ({ x, y: top }),
    bottom: ({ x, height }) => ({ x, y: bottom - height }),
  };
  return Object.fromEntries([...boxes].map(([id, box]) => [id, moved[edge](box)]));
}

/** The same gap between all neighbours; the first and the last stay. */
export function distribute(boxes: ReadonlyMap<string, Box>, way: "across" | "down"): Record<string, Position> {
  const [at, size] = way === "across" ? (["x", "width"] as const) : (["y", "height"] as const);
  const ordered = [...boxes].sort(([, a], [, b]) => a[at] - b[at]);
  const [first, last] = [ordered[0]![1], ordered.at(-1)![1]];
  const filled = ordered.reduce((sum, [, box]) => sum + box[size], 0);
  const gap = (last[at] + last[size] - first[at] - filled) / Math.max(ordered.length - 1, 1);
  let next = first[at];
  const found: Record<string, Position> = {};
  for (const [id, box] of ordered) {
    found[id] = { x: box.x, y: box.y, [at]: next };
    next += box[size] + gap;
  }
  return found;
}
