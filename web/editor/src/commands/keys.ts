/** Keys as they are written in the table, `Ctrl+Shift+Z`; Ctrl is also the Mac's Command. */

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

const NAMES: Record<string, string> = { " ": "space", esc: "escape", del: "delete", plus: "+" };

interface Keys {
  key: string;
  ctrl: boolean;
  shift: boolean;
  alt: boolean;
}

export function parseKeys(text: string): Keys {
  const parts = text.toLowerCase().split("+");
  const key = parts.pop()!;
  return { key: NAMES[key] ?? key, ctrl: parts.includes("ctrl"), shift: parts.includes("shift"), alt: parts.includes("alt") };
}

/** A sign that Shift makes (`?`) is written as itself, on whatever keyboard it is typed. */
export function matches(text: string, pressed: Pressed): boolean {
  const wanted = parseKeys(text);
  const lower = pressed.key.toLowerCase();
  const sign = wanted.key.length === 1 && !/[a-z0-9]/.test(wanted.key);
  return (
    (NAMES[lower] ?? lower) === wanted.key &&
    (pressed.ctrlKey || pressed.metaKey) === wanted.ctrl &&
    pressed.altKey === wanted.alt &&
    (sign || pressed.shiftKey === wanted.shift)
  );
}

const SHOWN: Record<string, string> = { " ": "Space", "+": "Plus" };

/** The keys that are held, as they are written in the table; empty as long as only Ctrl, Shift or Alt are. */
export function keysFrom({ key, ctrlKey, metaKey, shiftKey, altKey }: Pressed): string {
  if (["Control", "Shift", "Alt", "Meta"].includes(key)) return "";
  const sign = key.length === 1 && !/[a-z0-9 ]/i.test(key);
  const held = [ctrlKey || metaKey ? "Ctrl" : "", altKey ? "Alt" : "", shiftKey && !sign ? "Shift" : ""].filter(Boolean);
  return [...held, SHOWN[key] ?? (key.length === 1 ? key.toUpperCase() : key)].join("+");
}

/** Pairs of commands that want the same key in the same place; none, as a test proves. */
export function conflicts(table: readonly { id: string; keys: readonly string[]; within?: string }[]): [string, string, string][] {
  const owners = new Map<string, string>();
  const found: [string, string, string][] = [];
  for (const { id, keys, within } of table) {
    for (const key of keys) {
      const shape = JSON.stringify([within, parseKeys(key)]);
      const owner = owners.get(shape);
      if (owner) found.push([key, owner, id]);
      owners.set(shape, id);
    }
  }
  return found;
}
