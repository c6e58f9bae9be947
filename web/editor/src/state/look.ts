/** Where one looks in the picture that is open: in the viewer, in a comparison, in the painter. */

import { nextZoom, settled, WHOLE, zoomed, type Look, type Size } from "../image/look";
import type { Point } from "../image/layer";
import { set, state } from "./store";

/** The picture that is shown and the room for it, for zooming by keys. */
let shown: { picture: Size; box: Size } | null = null;

export function nowShown(picture: Size, box: Size): void {
  shown = { picture, box };
}

export function lookAt(look: Look): void {
  set({ look });
}

/** The next zoom in or out, about a point of the picture or its middle. */
export function zoomLook(by: 1 | -1, about?: Point): void {
  if (!shown) return;
  const look = settled(state().look, shown.picture, shown.box);
  set({ look: zoomed(look, nextZoom(look.zoom, by), about ?? look) });
}

export const lookAtWhole = () => set({ look: WHOLE });

export function lookAtPixels(): void {
  if (shown) set({ look: { ...settled(state().look, shown.picture, shown.box), zoom: 1 } });
}

export function moveLook(x: number, y: number): void {
  if (!shown) return;
  const look = settled(state().look, shown.picture, shown.box);
  set({ look: { ...look, x: look.x + (x * shown.box.width) / look.zoom, y: look.y + (y * shown.box.height) / look.zoom } });
}
