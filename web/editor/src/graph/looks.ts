/** How a node looks (its colour, whether it is collapsed), and whether it is muted or bypassed. */

import { INPUTS, isRecord, type Body, type NodeEntry } from "./document";
import { isThing, setThing } from "./things";

export const COLORS = ["red", "orange", "yellow", "green", "teal", "blue", "purple", "grey"] as const;
const HEX = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i;

/** A colour of a file as one of the stylesheet: a name, or hex digits; empty for what is neither. */
export function tint(color: unknown): string {
  if (typeof color !== "string") return "";
  if ((COLORS as readonly string[]).includes(color)) return `var(--tint-${color})`;
  return HEX.test(color) ? color : "";
}

export interface Look {
  color?: unknown;
  collapsed?: unknown;
  /** It stays where it is. */
  pinned?: unknown;
}

export function lookOf(body: Body, name: string): Look | undefined {
  const look = body.ui?.[name];
  return isRecord(look) ? look : undefined;
}

function setLook(body: Body, name: string, change: Record<string, unknown>): Body {
  const look = { ...lookOf(body, name), ...change };
  return { ...body, ui: { ...body.ui, [name]: Object.fromEntries(Object.entries(look).filter(([, value]) => value !== undefined)) } };
}

/** Give nodes, frames and notes a colour; undefined takes it away. */
export function setColor(body: Body, ids: readonly string[], color: string | undefined): Body {
  return ids.reduce((next, id) => (isThing(id) ? setThing(next, id, { color }) : setLook(next, id, { color })), body);
}

/** Collapse or pin nodes, or undo it when all of them are so already. */
export function toggleLook(body: Body, names: readonly string[], look: "collapsed" | "pinned"): Body {
  const all = names.every((name) => lookOf(body, name)?.[look] === true);
  return names.reduce((next, name) => setLook(next, name, { [look]: all ? undefined : true }), body);
}

/** Mute or bypass nodes, or switch them on when all of them are so already. */
export function toggleMode(body: Body, names: readonly string[], mode: "mute" | "bypass"): Body {
  const chosen = new Set(names.filter((name) => name !== INPUTS));
  const all = [...chosen].every((name) => body.nodes[name]!.mode === mode);
  const change = ({ mode: _, ...entry }: NodeEntry): NodeEntry => (all ? entry : { ...entry, mode });
  const nodes = Object.fromEntries(Object.entries(body.nodes).map(([name, entry]) => [name, chosen.has(name) ? change(entry) : entry]));
  return { ...body, nodes };
}
