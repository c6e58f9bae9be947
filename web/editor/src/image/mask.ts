/** A mask as bytes, one a pixel: 255 where the picture is to be painted anew, 0 where it is kept. */

import { distances } from "./distance";

export type Bytes = Uint8ClampedArray<ArrayBuffer>;

export interface Mask {
  width: number;
  height: number;
  values: Bytes;
}

export const FULL = 255;
const HALF = 128;

export const blank = (width: number, height: number): Mask => ({ width, height, values: new Uint8ClampedArray(width * height) });

export const invert = ({ values }: Mask): Bytes => values.map((value) => FULL - value);

/** A rim of so many pixels added, round at the corners; a negative number takes one off. */
export function grow(mask: Mask, pixels: number): Bytes {
  if (pixels < 0) return invert({ ...mask, values: grow({ ...mask, values: invert(mask) }, -pixels) });
  const far = distances(mask.width, mask.height, (at) => mask.values[at]! >= HALF);
  return mask.values.map((value, at) => Math.max(value, (pixels + 1 - far[at]!) * FULL));
}

/** Soft edges: three blurs by boxes, near to a bell of the same width; what lies outside is like the edge. */
export function feather({ width, height, values }: Mask, pixels: number): Bytes {
  let now = Float32Array.from(values);
  for (let round = 0; round < 3; round++) {
    now = boxBlur(now, width, height, 1, width, pixels);
    now = boxBlur(now, height, width, width, 1, pixels);
  }
  return Uint8ClampedArray.from(now);
}

/** A running mean along lines of `length` values that lie `step` apart; lines begin `next` apart. */
function boxBlur(values: Float32Array<ArrayBuffer>, length: number, lines: number, step: number, next: number, radius: number): Float32Array<ArrayBuffer> {
  const found = new Float32Array(values.length);
  for (let line = 0; line < lines; line++) {
    const start = line * next;
    const at = (place: number) => values[start + Math.max(0, Math.min(length - 1, place)) * step]!;
    let sum = 0;
    for (let place = -radius; place <= radius; place++) sum += at(place);
    for (let place = 0; place < length; place++) {
      found[start + place * step] = sum / (2 * radius + 1);
      sum += at(place + radius + 1) - at(place - radius);
    }
  }
  return found;
}

/** What a picture's pixels say: `alpha` takes what is transparent, `brightness` what is white. */
export function fromPixels(pixels: Uint8ClampedArray, by: "alpha" | "brightness"): Bytes {
  const found = new Uint8ClampedArray(pixels.length / 4);
  for (let at = 0; at < found.length; at++) {
    const [red, green, blue, alpha] = pixels.subarray(at * 4, at * 4 + 4);
    found[at] = by === "alpha" ? FULL - alpha! : ((0.299 * red! + 0.587 * green! + 0.114 * blue!) * alpha!) / FULL;
  }
  return found;
}

/** Stretched to another size: each pixel is the nearest of the old ones. */
export function resized(mask: Mask, width: number, height: number): Mask {
  if (mask.width === width && mask.height === height) return mask;
  const next = blank(width, height);
  for (let row = 0; row < height; row++) {
    const from = Math.floor(((row + 0.5) * mask.height) / height) * mask.width;
    for (let column = 0; column < width; column++) next.values[row * width + column] = mask.values[from + Math.floor(((column + 0.5) * mask.width) / width)]!;
  }
  return next;
}

/** How much of the picture is to be painted anew, from 0 to 1. */
export function share({ values }: Mask): number {
  return values.reduce((sum, value) => sum + value, 0) / (FULL * Math.max(values.length, 1));
}
