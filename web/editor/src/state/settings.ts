/** What a person sets once for this browser: kept in it, and in force at once. */

import { set, state } from "./store";

export interface Settings {
  theme: "system" | "dark" | "light";
  minimap: boolean;
  /** Whether things move: as the system says, or never. */
  motion: "system" | "never";
  /** Keys of commands that are other ones than the table's. */
  keys: Readonly<Record<string, readonly string[]>>;
}

export const USUAL: Settings = { theme: "system", minimap: true, motion: "system", keys: {} };

const KEY = "graph-engine:settings";

export function startSettings(): () => void {
  set({ settings: { ...USUAL, ...read() } });
  inForce();
  const system = matchMedia("(prefers-color-scheme: light)");
  system.addEventListener("change", inForce);
  const other = (event: StorageEvent) => {
    if (event.key !== KEY) return;
    set({ settings: { ...USUAL, ...read() } });
    inForce();
  };
  addEventListener("storage", other);
  return () => {
    system.removeEventListener("change", inForce);
    removeEventListener("storage", other);
  };
}

function read(): Partial<Settings> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Settings>;
  } catch {
    return {};
  }
}

export function change(some: Partial<Settings>): void {
  const settings = { ...state().settings, ...some };
  set({ settings });
  localStorage.setItem(KEY, JSON.stringify(settings));
  inForce();
}

function inForce(): void {
  const { theme, motion } = state().settings;
  const system = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  const shown = theme === "system" ? system : theme;
  document.documentElement.dataset.theme = shown;
  document.documentElement.dataset.motion = motion;
  set({ theme: shown });
}

export const toggleTheme = () => change({ theme: state().theme === "dark" ? "light" : "dark" });

/** The keys of a command: this person's, or the table's. */
export function keysOf({ id, keys }: { id: string; keys: readonly string[] }): readonly string[] {
  return state().settings.keys[id] ?? keys;
}

/** Give a command other keys; null gives it the table's back. */
export function setKeys(id: string, keys: readonly string[] | null): void {
  const { [id]: _, ...rest } = state().settings.keys;
  change({ keys: keys ? { ...rest, [id]: keys } : rest });
}
