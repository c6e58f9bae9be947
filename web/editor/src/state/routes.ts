/** The part of the address behind the #: which workflow is shown, and how. */

import type { View } from "./store";

const VIEWS: readonly View[] = ["canvas", "form", "outline"];

/** `#/glide?view=form` */
export function linkTo(name: string, view: View): string {
  return `#/${encodeURIComponent(name)}${view === "canvas" ? "" : `?view=${view}`}`;
}

export function viewOf(hash: string): { name: string; view: View } {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const view = VIEWS.find((one) => one === new URLSearchParams(query).get("view")) ?? "canvas";
  try {
    return { name: decodeURIComponent(path), view };
  } catch {
    return { name: "", view };
  }
}
