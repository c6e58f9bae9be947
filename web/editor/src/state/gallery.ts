/** The gallery: pages of outputs, a filter, marks, and deleting with a way back. */

import { api } from "../api/client";
import type { Output, OutputFile } from "../api/types";
import { neighbour, queryOf, type GalleryFilter, type GalleryState, type Way } from "../image/gallery";
import { tell, tellError } from "./notes";
import { set, state } from "./store";

const PAGE = 60;
/** The most that the server answers with at once. */
const AT_ONCE = 1000;
let wanted = PAGE;
let asked = 0;

export function setGallery(change: Partial<GalleryState>): void {
  set({ gallery: { ...state().gallery, ...change } });
}

/** Read anew what is shown, and with `more` a page below it: also when a run ends meanwhile, nobody loses their place. */
export async function loadGallery(more = false): Promise<void> {
  if (more) wanted += PAGE;
  const number = ++asked;
  const query = queryOf(state().gallery.filter);
  const outputs: Output[] = [];
  let next = "";
  try {
    do {
      const limit = String(Math.min(wanted - outputs.length, AT_ONCE));
      const page = await api.outputs({ ...query, limit, ...(next ? { after: next } : {}) });
      if (number !== asked) return;
      outputs.push(...page.outputs);
      next = page.next;
    } while (next && outputs.length < wanted);
    setGallery({ outputs, next, marked: state().gallery.marked.filter((id) => outputs.some((one) => one.id === id)) });
  } catch (error) {
    if (number === asked) tellError(error);
  }
}

let waiting: ReturnType<typeof setTimeout> | undefined;

export function filterGallery(change: Partial<GalleryFilter>): void {
  setGallery({ filter: { ...state().gallery.filter, ...change } });
  wanted = PAGE;
  clearTimeout(waiting);
  waiting = setTimeout(() => void loadGallery(), 200);
}

/** Those that can be shown: the file of a picture may be gone. */
export const shown = () => state().gallery.outputs.filter((one) => !one.missing);
export const fileOf = ({ id, path, url, bytes }: Output): OutputFile => ({ id, name: path, url, bytes });
export const pictures = () => shown().filter((one) => one.picture).map(fileOf);
export const focused = () => shown().find((one) => one.id === state().gallery.at) ?? null;

export function focusOutput(id: string): void {
  setGallery({ at: id });
  document.querySelector<HTMLElement>(`.gallery [data-output="${CSS.escape(id)}"]`)?.focus();
}

/** Go to the next one in a direction; a grid has as many columns as its first row. */
export function moveInGallery(way: Way): void {
  const all = shown();
  const tops = [...document.querySelectorAll<HTMLElement>(".gallery li")].map((one) => one.offsetTop);
  const columns = Math.max(1, tops.filter((top) => top === tops[0]).length);
  const index = Math.max(0, all.findIndex((one) => one.id === state().gallery.at));
  const next = all[neighbour(index, all.length, columns, way)];
  if (next) focusOutput(next.id);
}

export function mark(id: string): void {
  const { marked } = state().gallery;
  setGallery({ marked: marked.includes(id) ? marked.filter((one) => one !== id) : [...marked, id] });
}

/** What a command is about: what is marked, else the one that has the focus. */
export function meant(): Output[] {
  const { marked } = state().gallery;
  const one = focused();
  return marked.length > 0 ? shown().filter(({ id }) => marked.includes(id)) : one ? [one] : [];
}

export async function deleteOutputs(outputs: readonly { id: string; name: string }[]): Promise<void> {
  const gone: string[] = [];
  try {
    for (const { id } of outputs) {
      await api.deleteOutput(id);
      gone.push(id);
    }
  } catch (error) {
    tellError(error);
  }
  if (gone.length === 0) return;
  const all = shown();
  const index = all.findIndex((one) => one.id === gone[0]);
  const left = all.filter((one) => !gone.includes(one.id));
  const at = left[Math.min(index, left.length - 1)]?.id ?? "";
  const focusWasHere = document.activeElement?.closest(".gallery") !== null;
  const results = Object.entries(state().results).map(([node, files]) => [node, files.filter((one) => !gone.includes(one.id))]);
  set({ results: Object.fromEntries(results) });
  setGallery({ outputs: state().gallery.outputs.filter((one) => !gone.includes(one.id)), marked: [], at });
  if (focusWasHere && at) setTimeout(() => focusOutput(at));
  const what = gone.length === 1 ? outputs[0]!.name : `${gone.length} files`;
  tell(`${what} ${gone.length === 1 ? "is" : "are"} in the server's trash`, "info", { text: "Undo", run: () => bringBack(gone) });
  lastGone = gone;
}

let lastGone: readonly string[] = [];
export const canBringBack = () => lastGone.length > 0;

/** Take back what was deleted last. */
export async function bringBack(ids: readonly string[] = lastGone): Promise<void> {
  lastGone = [];
  try {
    for (const id of ids) await api.restoreOutput(id);
  } catch (error) {
    tellError(error);
  }
  await loadGallery();
}
