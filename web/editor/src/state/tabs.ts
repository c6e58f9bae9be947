/** The other tabs of this browser that show this server: what each has open, so that none writes over another's draft. */

import { isDirty, set, state, useEditor } from "./store";

const CHANNEL = "graph-engine:tabs";
const TAB = "graph-engine:tab";
const PATIENCE_MS = 120;

export interface OtherTab {
  name: string;
  dirty: boolean;
}

interface Word {
  kind: "hello" | "here" | "gone";
  tab: string;
  page: string;
  name: string;
  dirty: boolean;
}

/** Of this page alone: a tab that was duplicated has its original's id until it is told. */
const page = makeId();
let channel: BroadcastChannel | null = null;
let me = "";

/** An id that no other tab has; it lives as long as the tab, reloads included. */
export const tabId = () => me;

/** Say hello, and wait a moment for the answers; returns how to leave. */
export async function join(): Promise<() => void> {
  me = sessionStorage.getItem(TAB) ?? "";
  if (!me) rename();
  channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }) => hear(data as Word);
  const stop = useEditor.subscribe((now, before) => {
    if (now.name !== before.name || isDirty(now) !== isDirty(before)) say("here");
  });
  addEventListener("pagehide", leave);
  addEventListener("pageshow", greet);
  addEventListener("focus", greet);
  say("hello");
  await new Promise((done) => setTimeout(done, PATIENCE_MS));
  return () => {
    stop();
    leave();
    removeEventListener("pagehide", leave);
    removeEventListener("pageshow", greet);
    removeEventListener("focus", greet);
    channel?.close();
    channel = null;
  };
}

function rename(): void {
  me = makeId();
  sessionStorage.setItem(TAB, me);
}

function makeId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function say(kind: Word["kind"]): void {
  const now = state();
  channel?.postMessage({ kind, tab: me, page, name: now.name, dirty: isDirty(now) } satisfies Word);
}

const leave = () => say("gone");

/** Ask anew who is there: a tab that crashed said nothing. */
function greet(): void {
  set({ tabs: {} });
  say("hello");
}

function hear({ kind, tab, page: from, name, dirty }: Word): void {
  if (from === page) return;
  if (tab === me && kind === "here") rename();
  const { [tab]: _, ...rest } = state().tabs;
  set({ tabs: kind === "gone" ? rest : { ...rest, [tab]: { name, dirty } } });
  if (kind === "hello") say("here");
}
