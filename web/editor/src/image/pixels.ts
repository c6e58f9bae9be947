/** Pictures of the server as pixels. */

import type { Size } from "./look";

export interface Pixels extends Size {
  data: Uint8ClampedArray<ArrayBuffer>;
}

export async function readPixels(url: string): Promise<Pixels> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the picture cannot be read: the server answered ${answer.status}`);
  const bitmap = await createImageBitmap(await answer.blob(), { premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  return { width, height, data: context.getImageData(0, 0, width, height).data };
}
