/** Pictures between the server, the document and the person: which input is meant, and where a picture is fetched. */

import { assetUrl, inputUrl } from "../api/client";
import { filePlaces, picturesBehind, type Behind, type FilePlace, type NamedPlace } from "../graph/pictures";
import { selectedNodes } from "./document";
import { bodyOf, outerOf, state } from "./store";

const UPLOADED = /^[0-9a-f]{32,}\.\w+$/;

/** Where a file that a document names can be seen. */
export const fileUrl = (file: string, size = 0) => (UPLOADED.test(file) ? assetUrl(file, size) : inputUrl(file, size));

/** Whether a file of the document can be seen: what a person is typing is no picture yet. */
export const canBeSeen = (file: string, pictures: readonly string[]) => UPLOADED.test(file) || pictures.includes(file);

/** Every input on the canvas that takes a picture. */
export function places(): NamedPlace[] {
  const now = state();
  return now.catalog ? filePlaces(bodyOf(now), now.catalog, outerOf(now)) : [];
}

/** The input that is meant: of the selected node, or the only one that there is; masks before pictures. */
export function selectedPlace(): FilePlace | null {
  const chosen = new Set(selectedNodes());
  const all = places();
  const found = all.filter(({ node }) => chosen.has(node));
  const some = found.length > 0 ? found : all.filter(({ mask }) => mask).length === 1 ? all : [];
  return some.find(({ mask }) => mask) ?? some[0] ?? null;
}

export interface Seen {
  label: string;
  url: string;
}

/** The pictures that a mask may be meant for, likeliest first. */
export function behind(place: FilePlace): Seen[] {
  const now = state();
  if (!now.catalog) return [];
  const found = picturesBehind(bodyOf(now), now.catalog, place, Object.keys(now.results), outerOf(now));
  return found.flatMap((one) => urlsOf(one));
}

function urlsOf(one: Behind): Seen[] {
  if ("file" in one && !canBeSeen(one.file, state().pictures)) return [];
  if ("file" in one) return [{ label: `${one.label} (${one.file.length > 24 ? "uploaded" : one.file})`, url: fileUrl(one.file) }];
  return (state().results[one.node] ?? []).map((file) => ({ label: file.name, url: file.url }));
}
