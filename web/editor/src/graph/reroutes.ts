/** Points that a wire is led through: the look of the file, kept under `ui.$reroutes` by what the wire connects. */

import { isRecord, linksOf, type Body, type Position } from "./document";
import type { Wire } from "./judge";

const KEY = "$reroutes";

export type Routes = Readonly<Record<string, unknown>>;

export const wireKey = ({ source, output, target, input }: Wire) => `${source}.${output}>${target}.${input}`;

export function routesOf(body: Body): Routes | undefined {
  const routes = body.ui?.[KEY];
  return isRecord(routes) ? routes : undefined;
}

const NONE: readonly Position[] = [];

/** The points of one wire; what is not a point is passed over. */
export function pointsOf(routes: Routes | undefined, key: string): readonly Position[] {
  const written = routes?.[key];
  if (!Array.isArray(written)) return NONE;
  return written.filter((one): one is [number, number] => Array.isArray(one) && one.length === 2 && one.every(Number.isFinite)).map(([x, y]) => ({ x, y }));
}

export function setPoints(body: Body, key: string, points: readonly Position[]): Body {
  const routes = { ...routesOf(body) };
  if (points.length > 0) routes[key] = points.map(({ x, y }) => [Math.round(x), Math.round(y)]);
  else delete routes[key];
  return withRoutes(body, routes);
}

/** Forget the points of wires that are no more. */
export function sweepRoutes(body: Body): Body {
  const routes = routesOf(body);
  if (!routes) return body;
  const left = Object.entries(routes).filter(([key]) => isThere(body, key));
  return left.length === Object.keys(routes).length ? body : withRoutes(body, Object.fromEntries(left));
}

function isThere(body: Body, key: string): boolean {
  const [from = "", to = ""] = key.split(">");
  const [source, output] = from.split(".");
  const [target = "", input = ""] = to.split(".");
  return linksOf(body.nodes[target], input).some((link) => link.node === source && (link.output === "" || link.output === output));
}

/** The points follow a node that is given another name. */
export function renameInRoutes(body: Body, from: string, to: string): Body {
  const routes = routesOf(body);
  if (!routes) return body;
  const rename = (end: string) => (end.startsWith(`${from}.`) ? `${to}${end.slice(from.length)}` : end);
  return withRoutes(body, Object.fromEntries(Object.entries(routes).map(([key, points]) => [key.split(">").map(rename).join(">"), points])));
}

function withRoutes(body: Body, routes: Routes): Body {
  const ui = { ...body.ui, [KEY]: routes };
  if (Object.keys(routes).length === 0) delete (ui as Record<string, unknown>)[KEY];
  return { ...body, ui };
}
