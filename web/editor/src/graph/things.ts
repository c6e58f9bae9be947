/** Frames and notes: what is on the canvas beside nodes. They live in `ui` and change no result. */

import { isRecord, positionOf, type Body, type Position } from "./document";

export type Layer = "$frames" | "$notes";
export const LAYERS: readonly Layer[] = ["$frames", "$notes"];

export interface Thing {
  /** Of a frame. */
  title?: string;
  /** Of a note, in Markdown. */
  text?: string;
  color?: string;
  at: [number, number];
  size: [number, number];
}

export const isThing = (id: string) => id.startsWith("$");

/** `$frames.1`: how a frame or a note is called among the nodes on the canvas. */
export const thingId = (layer: Layer, key: string) => `${layer}.${key}`;

function parts(id: string): [Layer, string] {
  const dot = id.indexOf(".");
  return [id.slice(0, dot) as Layer, id.slice(dot + 1)];
}

export function thingsOf(body: Body): string[] {
  return LAYERS.flatMap((layer) => {
    const found = body.ui?.[layer];
    return isRecord(found) ? Object.keys(found).map((key) => thingId(layer, key)).filter((id) => thingOf(body, id)) : [];
  });
}

const isPair = (value: unknown): value is [number, number] => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);

/** A frame or a note; undefined when the file has something there that is none. */
export function thingOf(body: Body, id: string): Thing | undefined {
  const [layer, key] = parts(id);
  const found = body.ui?.[layer];
  const thing = isRecord(found) ? found[key] : undefined;
  return isRecord(thing) && isPair(thing.at) && isPair(thing.size) ? (thing as unknown as Thing) : undefined;
}

export function setThing(body: Body, id: string, change: Partial<Thing>): Body {
  const [layer, key] = parts(id);
  const old = isRecord(body.ui?.[layer]) ? body.ui[layer] : {};
  const thing = { ...(isRecord(old[key]) ? old[key] : {}), ...change };
  return { ...body, ui: { ...body.ui, [layer]: { ...old, [key]: thing } } };
}

export function addThing(body: Body, layer: Layer, thing: Thing): { body: Body; id: string } {
  const taken = isRecord(body.ui?.[layer]) ? body.ui[layer] : {};
  let count = 1;
  while (String(count) in taken) count++;
  const id = thingId(layer, String(count));
  return { body: setThing(body, id, thing), id };
}

export function removeThings(body: Body, ids: Iterable<string>): Body {
  let ui = body.ui;
  for (const [layer, key] of [...ids].filter(isThing).map(parts)) {
    if (!isRecord(ui?.[layer])) continue;
    const { [key]: _, ...left } = ui[layer];
    ui = { ...ui, [layer]: left };
    if (Object.keys(left).length === 0) delete (ui as Record<string, unknown>)[layer];
  }
  return ui === body.ui ? body : { ...body, ui };
}

/** Where a node, a frame or a note is. */
export function placeOf(body: Body, id: string): Position | null {
  if (!isThing(id)) return positionOf(body, id);
  const at = thingOf(body, id)?.at;
  return at ? { x: at[0], y: at[1] } : null;
}

export interface Box extends Position {
  width: number;
  height: number;
}

const MARGIN = 24;
const HEAD = 36;

/** A frame around boxes. */
export function frameAround(boxes: readonly Box[]): Pick<Thing, "at" | "size"> {
  const left = Math.min(...boxes.map(({ x }) => x)) - MARGIN;
  const top = Math.min(...boxes.map(({ y }) => y)) - MARGIN - HEAD;
  const right = Math.max(...boxes.map(({ x, width }) => x + width)) + MARGIN;
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height)) + MARGIN;
  return { at: [Math.round(left), Math.round(top)], size: [Math.round(right - left), Math.round(bottom - top)] };
}

/** Whether the middle of a box is on a frame: then it moves with it. */
export function isOn(box: Box, frame: Box): boolean {
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  return x >= frame.x && x <= frame.x + frame.width && y >= frame.y && y <= frame.y + frame.height;
}
