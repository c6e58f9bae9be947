/** How large a node will be, near enough to lay out a document before it is drawn. */

import type { Socket } from "../api/types";
import type { Size } from "./arrange";
import type { Face } from "./catalog";
import { INPUTS, type NodeEntry } from "./document";

export const NODE_WIDTH = 264;
const HEAD = 40;
const ROW = 27;

export function sizeOf(name: string, face: Face, entry: NodeEntry | undefined): Size {
  const rows = name === INPUTS ? face.outputs : face.inputs;
  const height = rows.reduce((sum, socket) => sum + heightOf(socket, socket.name in (entry?.from ?? {})), 0);
  return { width: NODE_WIDTH, height: HEAD + height + (name === INPUTS ? 0 : face.outputs.length * ROW) + 12 };
}

export interface PortPlace {
  id: string;
  side: "source" | "target";
  x: number;
  y: number;
}

/** Where the ports of a node will be, so that its wires can be drawn before it is. */
export function portsOf(name: string, face: Face, entry: NodeEntry | undefined): PortPlace[] {
  const declared = name === INPUTS;
  const found: PortPlace[] = [];
  let y = HEAD;
  for (const socket of declared ? [] : face.outputs) {
    found.push({ id: socket.name, side: "source", x: NODE_WIDTH, y: y + ROW / 2 });
    y += ROW;
  }
  for (const socket of declared ? face.outputs : face.inputs) {
    const height = heightOf(socket, socket.name in (entry?.from ?? {}));
    found.push({ id: socket.name, side: declared ? "source" : "target", x: declared ? NODE_WIDTH : 0, y: y + (declared ? height : ROW) / 2 });
    y += height;
  }
  return found;
}

function heightOf({ widget }: Socket, linked: boolean): number {
  if (linked || !widget || widget.type === "link") return ROW;
  if (widget.type === "text" && (widget.rows ?? 1) > 1) return 30 + 20 * Math.min(widget.rows!, 8);
  if (widget.type === "file") return 64;
  if (widget.type === "list" || widget.type === "data") return 66;
  return ROW + 6;
}
