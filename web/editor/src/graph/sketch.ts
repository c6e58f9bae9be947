/** A workflow as boxes and lines, for a picture of it: where the canvas has them, in the measures of size.ts. */

import { colorOf, faceOf, typeOf, type Catalog } from "./catalog";
import { drawn, INPUTS, positionOf, type Body, type Position } from "./document";
import { edgesOf } from "./edges";
import { lookOf, tint } from "./looks";
import { portsOf, sizeOf } from "./size";
import { thingOf, thingsOf } from "./things";

export interface SketchRow {
  text: string;
  value: string;
  y: number;
  /** Of an output, which stands on the right. */
  right: boolean;
  color: string;
}

export interface SketchBox {
  kind: "node" | "frame" | "note";
  x: number;
  y: number;
  width: number;
  height: number;
  title: string;
  color: string;
  rows: SketchRow[];
}

export interface SketchWire {
  from: Position;
  to: Position;
  color: string;
}

export interface Sketch {
  x: number;
  y: number;
  width: number;
  height: number;
  boxes: SketchBox[];
  wires: SketchWire[];
}

const MARGIN = 40;
const HEAD = 40;
const LONGEST = 40;

export function sketch(body: Body, catalog: Catalog, outer: readonly Body[] = []): Sketch {
  const things = thingsOf(body).map((id) => thingBox(body, id));
  const nodes = new Map(drawn(body).map((name) => [name, nodeBox(name, body, catalog, outer)]));
  const boxes = [...things, ...nodes.values()];
  const wires = edgesOf(body, catalog, outer).flatMap(({ source, output, target, input }): SketchWire[] => {
    const from = end(nodes.get(source), output, true);
    const to = end(nodes.get(target), input, false);
    return from && to ? [{ from, to, color: colorOf(typeOf(source, output, body, catalog, outer), catalog) }] : [];
  });
  const x = Math.min(0, ...boxes.map((box) => box.x)) - MARGIN;
  const y = Math.min(0, ...boxes.map((box) => box.y)) - MARGIN;
  const right = Math.max(0, ...boxes.map((box) => box.x + box.width)) + MARGIN;
  const bottom = Math.max(0, ...boxes.map((box) => box.y + box.height)) + MARGIN;
  return { x, y, width: right - x, height: bottom - y, boxes, wires };
}

function thingBox(body: Body, id: string): SketchBox {
  const { title, text, color, at, size } = thingOf(body, id)!;
  return { kind: id.startsWith("$frames.") ? "frame" : "note", x: at[0], y: at[1], width: size[0], height: size[1], title: title ?? text ?? "", color: tint(color), rows: [] };
}

function nodeBox(name: string, body: Body, catalog: Catalog, outer: readonly Body[]): SketchBox {
  const face = faceOf(name, body, catalog, outer);
  const entry = body.nodes[name];
  const look = lookOf(body, name);
  const collapsed = look?.collapsed === true;
  const { width, height } = sizeOf(name, face, entry);
  const shownOf = name === INPUTS ? face.outputs : face.inputs.filter((socket) => !(socket.name in (entry?.from ?? {})));
  const values = Object.fromEntries(shownOf.map((socket) => [socket.name, entry?.with?.[socket.name] ?? socket.default]));
  const types = new Map([...face.outputs, ...face.inputs].map((socket) => [socket.name, socket.type]));
  const rows = portsOf(name, face, entry).map(({ id, side, y }): SketchRow => ({ text: id, value: shown(values[id]), y: collapsed ? HEAD / 2 : y, right: side === "source", color: colorOf(types.get(id) ?? "", catalog) }));
  return { kind: "node", ...(positionOf(body, name) ?? { x: 0, y: 0 }), width, height: collapsed ? HEAD : height, title: face.title, color: tint(look?.color), rows };
}

function shown(value: unknown): string {
  const text = value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function end(box: SketchBox | undefined, port: string, right: boolean): Position | null {
  const row = box?.rows.find((one) => one.text === port && one.right === right);
  return box && row ? { x: box.x + (right ? box.width : 0), y: box.y + row.y } : null;
}
