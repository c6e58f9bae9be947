/** A mask that is being painted: the stroke that goes on, and the steps that can be taken back. */

import { FULL, type Bytes, type Mask } from "./mask";
import { isEmpty, Layer, type Box } from "./layer";

/** The bytes of a part of the mask as they were before (or after) a step. */
interface Step {
  box: Box;
  bytes: Bytes;
}

const MOST_BYTES = 64_000_000;

export class Painting {
  readonly layer: Layer;
  #before: Bytes;
  #past: Step[] = [];
  #future: Step[] = [];

  constructor(readonly mask: Mask) {
    this.layer = new Layer(mask.width, mask.height);
    this.#before = mask.values.slice();
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** Bring what the layer covers in a part of it into the mask. to: 255 paints, 0 erases. */
  show(box: Box, to: number, opacity: number): void {
    const { mask, layer } = this;
    for (let row = box.top; row < box.bottom; row++) {
      for (let at = row * mask.width + box.left; at < row * mask.width + box.right; at++) {
        const old = this.#before[at]!;
        mask.values[at] = old + ((to - old) * layer.values[at]! * opacity) / FULL;
      }
    }
  }

  /** The stroke is done: it becomes a step. */
  finish(): void {
    const { box } = this.layer;
    if (!isEmpty(box)) this.#record(box);
    this.layer.clear();
  }

  /** The stroke never was. */
  abandon(): Box {
    const { box } = this.layer;
    this.mask.values.set(this.#before);
    this.layer.clear();
    return box;
  }

  /** Change the whole mask at once. */
  replace(values: Bytes): void {
    this.mask.values.set(values);
    this.#record(this.whole);
  }

  get whole(): Box {
    return { left: 0, top: 0, right: this.mask.width, bottom: this.mask.height };
  }

  undo(): Box | null {
    return this.#swap(this.#past, this.#future);
  }

  redo(): Box | null {
    return this.#swap(this.#future, this.#past);
  }

  #record(box: Box): void {
    this.#past.push({ box, bytes: part(this.#before, this.mask.width, box) });
    this.#future = [];
    this.#before = this.mask.values.slice();
    let bytes = this.#past.reduce((sum, step) => sum + step.bytes.length, 0);
    while (bytes > MOST_BYTES && this.#past.length > 1) bytes -= this.#past.shift()!.bytes.length;
  }

  #swap(from: Step[], to: Step[]): Box | null {
    const step = from.pop();
    if (!step) return null;
    const { box, bytes } = step;
    const { width, values } = this.mask;
    to.push({ box, bytes: part(values, width, box) });
    const across = box.right - box.left;
    for (let row = box.top; row < box.bottom; row++) values.set(bytes.subarray((row - box.top) * across, (row - box.top + 1) * across), row * width + box.left);
    this.#before = values.slice();
    return box;
  }
}

function part(values: Bytes, width: number, { left, top, right, bottom }: Box): Bytes {
  const found = new Uint8ClampedArray((right - left) * (bottom - top));
  for (let row = top; row < bottom; row++) found.set(values.subarray(row * width + left, row * width + right), (row - top) * (right - left));
  return found;
}
