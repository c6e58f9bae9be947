/** Two pictures beside, over and against each other. */

import type { CompareMode } from "../image/gallery";
import { set, state, type Dialog } from "./store";

export const MODES: readonly { id: CompareMode; title: string }[] = [
  { id: "slider", title: "Slider" },
  { id: "flicker", title: "Flicker" },
  { id: "side", title: "Side by side" },
  { id: "difference", title: "Difference" },
];

type Compared = Extract<Dialog, { kind: "compare" }>;

function change(make: (old: Compared) => Partial<Compared>): void {
  const { dialog } = state();
  if (dialog?.kind === "compare") set({ dialog: { ...dialog, ...make(dialog) } });
}

export const setMode = (mode: CompareMode) => change(() => ({ mode }));
export const swapPair = () => change(({ pair: [a, b] }) => ({ pair: [b, a] }));
export const choose = (side: 0 | 1, index: number) => change(({ pair }) => ({ pair: side === 0 ? [index, pair[1]] : [pair[0], index] }));

/** Show one of the two; the flicker stops. */
export const toggleFlicker = () => change(({ still }) => ({ mode: "flicker", still: still === "b" ? "a" : "b" }));
export const goOnFlickering = () => change(() => ({ still: undefined }));
