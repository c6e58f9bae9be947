/** Short words to the person, which go away by themselves; errors stay until they are read. */

import { set, state, type Note } from "./store";

const SECONDS = 6;
let last = 0;

export function tell(text: string, tone: Note["tone"] = "info", action?: Note["action"]): void {
  const note = { id: ++last, tone, text, action };
  set({ notes: [...state().notes.filter((one) => one.text !== text), note].slice(-4) });
  if (tone === "info") setTimeout(() => dismiss(note.id), SECONDS * 1000);
}

export function tellError(error: unknown): void {
  tell(error instanceof Error ? error.message : String(error), "error");
}

export function dismiss(id: number): void {
  set({ notes: state().notes.filter((note) => note.id !== id) });
}
