/** What the gallery shows, and how two pictures are compared. */

import type { Output } from "../api/types";

export type CompareMode = "slider" | "flicker" | "side" | "difference";

export interface GalleryFilter {
  text: string;
  workflow: string;
  /** A day, as date fields write it; empty for any. */
  since: string;
  until: string;
}

export interface GalleryState {
  outputs: readonly Output[];
  /** The mark of the page below; empty on the last one. */
  next: string;
  filter: GalleryFilter;
  /** The ids of those that were marked, for a comparison or to be deleted together. */
  marked: readonly string[];
  /** The one that the keys are about. */
  at: string;
  /** Wide, over a part of the canvas. */
  wide: boolean;
}

export const NO_FILTER: GalleryFilter = { text: "", workflow: "", since: "", until: "" };
export const GALLERY: GalleryState = { outputs: [], next: "", filter: NO_FILTER, marked: [], at: "", wide: false };

const DAY = 86_400_000;

/** A filter as the parameters of a query; days are those of this machine's clock, the last one included. */
export function queryOf({ text, workflow, since, until }: GalleryFilter): Record<string, string> {
  const query: Record<string, string> = {};
  if (text.trim()) query.text = text.trim();
  if (workflow) query.workflow = workflow;
  if (since) query.since = String(dayOf(since) / 1000);
  if (until) query.until = String(dayOf(until, DAY) / 1000);
  return query;
}

/** The beginning of a day, or of the one after it. */
function dayOf(day: string, more = 0): number {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year!, month! - 1, date! + more / DAY).getTime();
}

export type Way = "left" | "right" | "up" | "down";

/** Where the arrow keys lead in a grid of so many columns. */
export function neighbour(index: number, count: number, columns: number, way: Way): number {
  const by = { left: -1, right: 1, up: -columns, down: columns }[way];
  const next = index + by;
  return next < 0 || next >= count ? index : next;
}
