/** Undo and redo as one list of documents. Changes with the same key in a row are one step: a drag, a run of typing. */

export interface History<T> {
  past: readonly T[];
  present: T;
  future: readonly T[];
  key: string;
}

const LONGEST = 300;

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [], key: "" };
}

export function record<T>(history: History<T>, present: T, key = ""): History<T> {
  if (present === history.present) return history;
  if (key && key === history.key) return { ...history, present, future: [] };
  return { past: [...history.past, history.present].slice(-LONGEST), present, future: [], key };
}

/** The next change is a step of its own, whatever its key. */
export function seal<T>(history: History<T>): History<T> {
  return history.key ? { ...history, key: "" } : history;
}

export function undo<T>({ past, present, future, ...rest }: History<T>): History<T> {
  const before = past.at(-1);
  if (before === undefined) return { past, present, future, ...rest };
  return { past: past.slice(0, -1), present: before, future: [present, ...future], key: "" };
}

export function redo<T>({ past, present, future, ...rest }: History<T>): History<T> {
  const [next, ...left] = future;
  if (next === undefined) return { past, present, future, ...rest };
  return { past: [...past, present], present: next, future: left, key: "" };
}
