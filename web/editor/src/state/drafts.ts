/** What is not saved yet, kept in the browser: one draft for each tab and workflow, so that tabs keep apart. */

import { isRecord, isWorkflow, type Workflow } from "../graph/document";
import { tell } from "./notes";
import { state } from "./store";
import { tabId } from "./tabs";

const DRAFT = "graph-engine:draft:";

export interface Draft {
  tab: string;
  name: string;
  /** Of the file that it was begun from; null when there was none. */
  etag: string | null;
  /** When it was kept last, in milliseconds since 1970. */
  at: number;
  document: Workflow;
}

/** Instead of a tab: a draft that was put aside for another document. */
const ASIDE = "aside-";
const MOST_ASIDE = 10;

const keyOf = (tab: string, name: string) => `${DRAFT}${tab}:${name}`;

/** All drafts of this browser, the newest first. */
export function drafts(): Draft[] {
  const found: Draft[] = [];
  for (let index = 0; index < localStorage.length; index++) {
    const key = localStorage.key(index)!;
    const draft = key.startsWith(DRAFT) ? read(key) : null;
    if (draft) found.push(draft);
  }
  return found.sort((a, b) => b.at - a.at);
}

function read(key: string): Draft | null {
  const [tab = "", ...name] = key.slice(DRAFT.length).split(":");
  try {
    const data: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    if (!isRecord(data) || !isWorkflow(data.document)) return null;
    const { etag, at } = data;
    return { tab, name: name.join(":"), etag: typeof etag === "string" ? etag : null, at: typeof at === "number" ? at : 0, document: data.document };
  } catch {
    return null;
  }
}

let full = false;

export function writeDraft(name: string, etag: string | null, document: Workflow): void {
  try {
    localStorage.setItem(keyOf(tabId(), name), JSON.stringify({ etag, at: Date.now(), document }));
    full = false;
  } catch {
    if (!full) tell("This browser's storage is full or forbidden: unsaved changes do not survive a reload. Save often", "error");
    full = true;
  }
}

export function removeDraft({ tab, name }: { tab: string; name: string }): void {
  localStorage.removeItem(keyOf(tab, name));
}

export const removeOwnDraft = (name: string) => removeDraft({ tab: tabId(), name });

/** Keep a document that has no file when another one takes its place; the oldest of many are let go. */
export function putAside(document: Workflow): void {
  const value = JSON.stringify({ etag: null, at: Date.now(), document });
  try {
    localStorage.setItem(keyOf(`${ASIDE}${Date.now()}`, ""), value);
  } catch {
    return tell("This browser's storage is full: the workflow before this one was not kept", "error");
  }
  for (const old of drafts().filter((draft) => draft.tab.startsWith(ASIDE)).slice(MOST_ASIDE)) removeDraft(old);
}

/** Drafts that no open tab is working on: those of tabs that were closed or that crashed. */
export function leftDrafts(): Draft[] {
  const open = state().tabs;
  return drafts().filter(({ tab }) => tab !== tabId() && !(tab in open));
}

/** The draft to go on with: this tab's own, else the newest that was left, which is this tab's from now on. */
export function takeDraft(name: string): Draft | null {
  const own = read(keyOf(tabId(), name));
  if (own) return own;
  const left = leftDrafts().find((draft) => draft.name === name && !draft.tab.startsWith(ASIDE));
  if (!left) return null;
  writeDraft(name, left.etag, left.document);
  removeDraft(left);
  return left;
}
