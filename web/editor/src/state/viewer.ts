/** What can be done with a picture that is looked at. */

import { api } from "../api/client";
import type { OutputFile } from "../api/types";
import { setValue } from "../graph/edit";
import { isPicture, type FilePlace } from "../graph/pictures";
import { addNode } from "../canvas/wiring";
import { onCanvas, pointerPlace } from "../canvas/view";
import { WHOLE } from "../image/look";
import { edit } from "./document";
import { openUnsaved } from "./files";
import { loadGallery, pictures } from "./gallery";
import { tell, tellError } from "./notes";
import { canBeSeen, fileUrl, places } from "./pictures";
import { set, state } from "./store";

/** The picture in the viewer. */
export function lookedAt(): OutputFile | null {
  const { dialog } = state();
  return dialog?.kind === "picture" ? dialog.files[dialog.index]! : null;
}

export function showPictures(files: readonly OutputFile[], id: string): void {
  const all = files.filter(({ name }) => isPicture(name));
  set({ dialog: { kind: "picture", files: all, index: Math.max(0, all.findIndex((one) => one.id === id)) }, look: WHOLE });
}

/** The next picture; one looks at the same place of it, so that two can be told apart. */
export function turn(by: 1 | -1): void {
  const { dialog } = state();
  if (dialog?.kind !== "picture") return;
  const { files, index } = dialog;
  set({ dialog: { ...dialog, index: (index + by + files.length) % files.length } });
}

/** Put the picture on the system's clipboard, as PNG, which is what clipboards take. */
export async function copyPicture({ url, name }: OutputFile): Promise<void> {
  try {
    const png = fetch(url).then(async (answer) => {
      const found = await answer.blob();
      return found.type === "image/png" ? found : asPng(found);
    });
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    tell(`${name} is on the clipboard`);
  } catch (error) {
    tellError(error);
  }
}

async function asPng(picture: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(picture);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

export function download({ url, name }: OutputFile): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name.split("/").pop()!;
  link.click();
}

/** Show the workflow that made a picture, as a document without a file. */
export async function openItsWorkflow({ id, name }: OutputFile): Promise<void> {
  try {
    await openUnsaved(await api.outputWorkflow(id));
    tell(`The workflow that made ${name}`);
  } catch (error) {
    tellError(error);
  }
}

export function compare(files: readonly OutputFile[], a: string, b: string): void {
  const at = (id: string) => Math.max(0, files.findIndex((one) => one.id === id));
  set({ dialog: { kind: "compare", files, pair: [at(a), at(b)], mode: "slider" }, look: WHOLE });
}

/** Compare the picture in the viewer with the next one there; a single one with what went into the graph. */
export async function compareWithNext(): Promise<void> {
  const { dialog } = state();
  if (dialog?.kind !== "picture") return;
  const { files, index } = dialog;
  const file = files[index]!;
  if (state().gallery.outputs.length === 0) await loadGallery();
  const known = new Map([...files, ...inGraph(), ...pictures()].map((one) => [one.id, one]));
  const all = [...known.values()];
  const other = files[(index + 1) % files.length]!.id !== file.id ? files[(index + 1) % files.length]! : all.find((one) => one.id !== file.id);
  if (other) compare(all, other.id, file.id);
  else tell("There is no other picture to compare it with");
}

/** The pictures that the graph's inputs are given. */
function inGraph(): OutputFile[] {
  const { pictures: beside } = state();
  return places()
    .filter((place) => !place.mask && typeof place.value === "string" && canBeSeen(place.value, beside))
    .map(({ label, value }) => ({ id: String(value), name: label, url: fileUrl(String(value)), bytes: 0 }));
}

/** Give a picture to an input of the graph, or to a new node; it becomes an upload, which no later run changes. */
export async function send(file: OutputFile, place: FilePlace | null): Promise<void> {
  try {
    const bytes = await (await fetch(file.url)).blob();
    const asset = await api.upload(new File([bytes], file.name.split("/").pop()!, { type: bytes.type }));
    put(asset.id, place);
    set({ dialog: null });
    tell(place ? `${file.name} is the ${place.input} of ${place.node} now` : `${file.name} is a node now`);
  } catch (error) {
    tellError(error);
  }
}

export function put(asset: string, place: FilePlace | null): void {
  if (place) return edit((body) => setValue(body, place.node, place.input, asset));
  const name = addNode("core.load_image", onCanvas(pointerPlace()), null);
  edit((body) => setValue(body, name, "file", asset));
}
