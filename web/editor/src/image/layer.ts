/** What one stroke or shape covers, before it becomes part of the mask: so that a stroke over itself is not twice as strong. */

import { FULL, type Mask } from "./mask";

export interface Point {
  x: number;
  y: number;
}

/** A part of the mask in whole pixels; right and bottom lie outside. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export const isEmpty = ({ left, top, right, bottom }: Box) => left >= right || top >= bottom;

export function around(a: Box, b: Box): Box {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  return { left: Math.min(a.left, b.left), top: Math.min(a.top, b.top), right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom) };
}

export class Layer {
  readonly values: Uint8ClampedArray<ArrayBuffer>;
  box: Box = { left: 0, top: 0, right: 0, bottom: 0 };

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.values = new Uint8ClampedArray(width * height);
  }

  clear(): void {
    this.values.fill(0);
    this.box = { left: 0, top: 0, right: 0, bottom: 0 };
  }

  /** Note that a part is about to be covered; gives it cut to the picture. */
  touch(left: number, top: number, right: number, bottom: number): Box {
    const box = { left: Math.max(0, Math.floor(left)), top: Math.max(0, Math.floor(top)), right: Math.min(this.width, Math.ceil(right)), bottom: Math.min(this.height, Math.ceil(bottom)) };
    this.box = around(this.box, box);
    return box;
  }
}

/** One touch of a round brush. hardness: how much of the radius is full; points lie at the corners of pixels. */
export function dab(layer: Layer, { x, y }: Point, radius: number, hardness: number): Box {
  const reach = Math.max(radius, 0.5);
  const rim = Math.max(1, reach * (1 - hardness));
  const box = layer.touch(x - reach - 1, y - reach - 1, x + reach + 1, y + reach + 1);
  for (let row = box.top; row < box.bottom; row++) {
    for (let column = box.left; column < box.right; column++) {
      const far = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      const part = Math.min(1, (reach + 0.5 - far) / rim);
      if (part <= 0) continue;
      const at = row * layer.width + column;
      layer.values[at] = Math.max(layer.values[at]!, FULL * (rim > 1 ? part * part * (3 - 2 * part) : part));
    }
  }
  return box;
}

/** A brush that is moved; its radius changes evenly, as the pressure of a pen does. */
export function line(layer: Layer, from: Point & { radius: number }, to: Point & { radius: number }, hardness: number): Box {
  const spacing = Math.max(0.5, Math.min(from.radius, to.radius) * 0.15);
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / spacing));
  let box: Box = { left: 0, top: 0, right: 0, bottom: 0 };
  for (let step = 1; step <= steps; step++) {
    const part = step / steps;
    const mix = (a: number, b: number) => a + (b - a) * part;
    box = around(box, dab(layer, { x: mix(from.x, to.x), y: mix(from.y, to.y) }, mix(from.radius, to.radius), hardness));
  }
  return box;
}

const ROWS = 4;

/** The inside of a polygon, with smooth edges; where it overlaps itself it has a hole. */
export function polygon(layer: Layer, points: readonly Point[]): Box {
  if (points.length < 3) return { left: 0, top: 0, right: 0, bottom: 0 };
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const box = layer.touch(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
  for (let row = box.top; row < box.bottom; row++) {
    const cover = new Float32Array(layer.width);
    for (let part = 0; part < ROWS; part++) {
      const found = crossings(points, row + (part + 0.5) / ROWS);
      for (let at = 0; at + 1 < found.length; at += 2) span(cover, found[at]!, found[at + 1]!);
    }
    for (let column = box.left; column < box.right; column++) {
      const at = row * layer.width + column;
      layer.values[at] = Math.max(layer.values[at]!, (FULL * cover[column]!) / ROWS);
    }
  }
  return box;
}

function crossings(points: readonly Point[], y: number): number[] {
  const found: number[] = [];
  points.forEach((a, at) => {
    const b = points[(at + 1) % points.length]!;
    if (a.y <= y !== b.y <= y) found.push(a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y));
  });
  return found.sort((a, b) => a - b);
}

function span(cover: Float32Array, from: number, to: number): void {
  const start = Math.max(0, from);
  const end = Math.min(cover.length, to);
  for (let column = Math.floor(start); column < end; column++) cover[column]! += Math.min(end, column + 1) - Math.max(start, column);
}

const ALIKE = 32;

/** The connected part of the mask around a point that is about as strong as it is there. */
export function flood(layer: Layer, { width, height, values }: Mask, { x, y }: Point): Box {
  const start = Math.floor(y) * width + Math.floor(x);
  if (x < 0 || y < 0 || x >= width || y >= height) return { left: 0, top: 0, right: 0, bottom: 0 };
  const like = values[start]!;
  const open = [start];
  while (open.length > 0) {
    const at = open.pop()!;
    if (layer.values[at] || Math.abs(values[at]! - like) > ALIKE) continue;
    layer.values[at] = FULL;
    const column = at % width;
    if (column > 0) open.push(at - 1);
    if (column < width - 1) open.push(at + 1);
    if (at >= width) open.push(at - width);
    if (at < width * (height - 1)) open.push(at + width);
  }
  return layer.touch(0, 0, width, height);
}
