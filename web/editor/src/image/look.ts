/** Where one looks at a picture: the point of it that is in the middle, and how large a pixel of it is. */

import type { Point } from "./layer";

/** zoom: 0 shows the whole picture, whatever the size of the window. */
export interface Look extends Point {
  zoom: number;
}

export interface Size {
  width: number;
  height: number;
}

/** From 1 on pixels are shown by whole pixels. */
export const ZOOMS = [1 / 16, 1 / 8, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

export const WHOLE: Look = { zoom: 0, x: 0, y: 0 };

/** How large a pixel is when all of the picture is seen. */
export function fitting(picture: Size, box: Size): number {
  const zoom = Math.min(box.width / picture.width, box.height / picture.height);
  return zoom > 1 ? Math.min(Math.floor(zoom), ZOOMS.at(-1)!) : zoom > 0 ? zoom : 1;
}

/** A look with its zoom and its middle as numbers, and the middle inside the picture. */
export function settled(look: Look, picture: Size, box: Size): Look {
  if (look.zoom === 0) return { zoom: fitting(picture, box), x: picture.width / 2, y: picture.height / 2 };
  return { zoom: look.zoom, x: Math.max(0, Math.min(picture.width, look.x)), y: Math.max(0, Math.min(picture.height, look.y)) };
}

/** Another zoom, with the point of the picture that is under the pointer staying there. */
export function zoomed(look: Look, zoom: number, about: Point): Look {
  const part = look.zoom / zoom;
  return { zoom, x: about.x + (look.x - about.x) * part, y: about.y + (look.y - about.y) * part };
}

/** The next zoom of the table. */
export function nextZoom(zoom: number, by: 1 | -1): number {
  const found = by > 0 ? ZOOMS.find((one) => one > zoom * 1.001) : ZOOMS.findLast((one) => one < zoom / 1.001);
  return found ?? (by > 0 ? ZOOMS.at(-1)! : ZOOMS[0]!);
}

/** Where the picture's top left corner comes to lie in its box, in whole pixels of the screen. */
export function corner(look: Look, box: Size): Point {
  return { x: Math.round(box.width / 2 - look.x * look.zoom), y: Math.round(box.height / 2 - look.y * look.zoom) };
}
