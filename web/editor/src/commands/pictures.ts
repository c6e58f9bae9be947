/** Commands of the viewer, of comparisons and of the gallery. */

import { MODES, setMode, swapPair, toggleFlicker } from "../state/compare";
import { bringBack, canBringBack, deleteOutputs, fileOf, focused, mark, meant, moveInGallery, pictures, setGallery } from "../state/gallery";
import { lookAtPixels, lookAtWhole, moveLook, zoomLook } from "../state/look";
import { compare, compareWithNext, copyPicture, download, lookedAt, openItsWorkflow, showPictures, turn } from "../state/viewer";
import { set, state } from "../state/store";
import type { OutputFile } from "../api/types";
import type { Command } from "./command";

const GROUPS = { picture: "Viewer", compare: "Compare", gallery: "Gallery" } as const;

/** What both the viewer and the gallery do with one picture. */
function ofOne(within: "picture" | "gallery", one: () => OutputFile | null): Command[] {
  const when = () => one() !== null;
  const group = GROUPS[within];
  return [
    { id: `${within}.copy`, title: "Copy the picture", group, within, keys: ["Ctrl+C"], run: () => copyPicture(one()!), when },
    { id: `${within}.download`, title: "Download", group, within, keys: ["D"], run: () => download(one()!), when },
    { id: `${within}.send`, title: "Send to an input", group, within, keys: ["S"], run: () => set({ dialog: { kind: "send", file: one()! } }), when },
    { id: `${within}.workflow`, title: "Open its workflow", group, within, keys: ["W"], run: () => openItsWorkflow(one()!), when },
  ];
}

/** Looking closer, wherever there is a picture to look at. */
function closer(within: "picture" | "compare"): Command[] {
  const group = GROUPS[within];
  return [
    { id: `${within}.in`, title: "Zoom in", group, within, keys: ["Plus", "="], run: () => zoomLook(1) },
    { id: `${within}.out`, title: "Zoom out", group, within, keys: ["-"], run: () => zoomLook(-1) },
    { id: `${within}.whole`, title: "Show all of the picture", group, within, keys: ["0"], run: lookAtWhole },
    { id: `${within}.pixels`, title: "Zoom to 100 %", group, within, keys: ["."], run: lookAtPixels },
    { id: `${within}.left`, title: "Look further left", group, within, keys: ["Shift+ArrowLeft"], run: () => moveLook(-0.2, 0) },
    { id: `${within}.right`, title: "Look further right", group, within, keys: ["Shift+ArrowRight"], run: () => moveLook(0.2, 0) },
    { id: `${within}.up`, title: "Look further up", group, within, keys: ["Shift+ArrowUp"], run: () => moveLook(0, -0.2) },
    { id: `${within}.down`, title: "Look further down", group, within, keys: ["Shift+ArrowDown"], run: () => moveLook(0, 0.2) },
  ];
}

const one = () => {
  const found = focused();
  return found?.picture ? fileOf(found) : null;
};

/** Two marked ones; or the focused one, with the newest other. */
function twoOfGallery(): [OutputFile, OutputFile] | null {
  const all = pictures();
  const chosen = meant().filter((output) => output.picture).map(fileOf);
  const [a, b] = chosen.length > 1 ? chosen : [chosen[0], all.find(({ id }) => id !== chosen[0]?.id)];
  return a && b ? [a, b] : null;
}

const VIEWER: readonly Command[] = [
  { id: "picture.next", title: "Next picture", group: "Viewer", within: "picture", keys: ["ArrowRight"], run: () => turn(1) },
  { id: "picture.previous", title: "Previous picture", group: "Viewer", within: "picture", keys: ["ArrowLeft"], run: () => turn(-1) },
  ...closer("picture"),
  ...ofOne("picture", lookedAt),
  { id: "picture.compare", title: "Compare with the next one", group: "Viewer", within: "picture", keys: ["C"], run: compareWithNext },
  { id: "picture.delete", title: "Delete", group: "Viewer", within: "picture", keys: ["Delete"], run: deleteLookedAt },
];

const COMPARE: readonly Command[] = [
  ...MODES.map(({ id, title }, at): Command => ({ id: `compare.${id}`, title, group: "Compare", within: "compare", keys: [String(at + 1)], run: () => setMode(id) })),
  { id: "compare.swap", title: "Swap the two", group: "Compare", within: "compare", keys: ["X"], run: swapPair },
  { id: "compare.toggle", title: "Show the other one", group: "Compare", within: "compare", keys: ["F"], run: toggleFlicker },
  ...closer("compare"),
];

const GALLERY: readonly Command[] = [
  { id: "gallery.left", title: "To the left", group: "Gallery", within: "gallery", keys: ["ArrowLeft"], run: () => moveInGallery("left") },
  { id: "gallery.right", title: "To the right", group: "Gallery", within: "gallery", keys: ["ArrowRight"], run: () => moveInGallery("right") },
  { id: "gallery.up", title: "Up", group: "Gallery", within: "gallery", keys: ["ArrowUp"], run: () => moveInGallery("up") },
  { id: "gallery.down", title: "Down", group: "Gallery", within: "gallery", keys: ["ArrowDown"], run: () => moveInGallery("down") },
  { id: "gallery.look", title: "Look at it", group: "Gallery", within: "gallery", keys: ["Enter"], run: () => showPictures(pictures(), one()!.id), when: () => one() !== null },
  { id: "gallery.mark", title: "Mark", group: "Gallery", within: "gallery", keys: ["X"], run: () => mark(focused()!.id), when: () => focused() !== null },
  { id: "gallery.compare", title: "Compare (two marked ones, or with the newest)", group: "Gallery", within: "gallery", keys: ["C"], run: () => compareTwo(), when: () => twoOfGallery() !== null },
  ...ofOne("gallery", one),
  { id: "gallery.delete", title: "Delete", group: "Gallery", within: "gallery", keys: ["Delete"], run: () => deleteOutputs(meant().map(fileOf)), when: () => meant().length > 0 },
  { id: "gallery.undo", title: "Bring back what was deleted", group: "Gallery", keys: [], run: () => bringBack(), when: canBringBack },
  { id: "gallery.wide", title: "Gallery: wide or narrow", group: "Gallery", keys: ["Shift+G"], run: () => (set({ side: "gallery" }), setGallery({ wide: !state().gallery.wide })) },
];

function compareTwo(): void {
  const [a, b] = twoOfGallery()!;
  compare(pictures(), a.id, b.id);
}

async function deleteLookedAt(): Promise<void> {
  const { dialog } = state();
  if (dialog?.kind !== "picture") return;
  const file = dialog.files[dialog.index]!;
  const files = dialog.files.filter((each) => each !== file);
  await deleteOutputs([file]);
  set({ dialog: files.length > 0 ? { ...dialog, files, index: Math.min(dialog.index, files.length - 1) } : null });
}

export const PICTURES: readonly Command[] = [...VIEWER, ...COMPARE, ...GALLERY];
