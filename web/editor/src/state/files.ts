/** Saved workflows and drafts: nothing that was typed is lost, and nobody's file is overwritten unasked. */

import { api, ApiError } from "../api/client";
import { emptyWorkflow, isWorkflow, type Workflow } from "../graph/document";
import { positioned, replaceDocument } from "./document";
import { tell, tellError } from "./notes";
import { isDirty, set, state } from "./store";

const DRAFT = "graph-engine:draft:";
const CURRENT = "graph-engine:current";

/** What of a document makes it another document: not where its nodes are. */
function textOf(document: Workflow): string {
  return JSON.stringify(document);
}

interface Draft {
  etag: string | null;
  document: Workflow;
}

function readDraft(name: string): Draft | null {
  try {
    const draft = JSON.parse(localStorage.getItem(DRAFT + name) ?? "null") as Draft | null;
    return draft && isWorkflow(draft.document) ? draft : null;
  } catch {
    return null;
  }
}

/** Keep what is on the canvas across reloads and crashes; called a moment after each change. */
export function keepDraft(): void {
  const now = state();
  try {
    sessionStorage.setItem(CURRENT, now.name);
    if (isDirty(now)) localStorage.setItem(DRAFT + now.name, JSON.stringify({ etag: now.etag, document: now.history.present }));
    else localStorage.removeItem(DRAFT + now.name);
  } catch {
    // A full or forbidden storage loses drafts, not work: what is on the canvas can still be saved.
  }
}

export async function open(name: string): Promise<boolean> {
  try {
    const found = await api.open(name);
    if (!found.document) {
      tell(`${name} cannot be read: ${found.problem || found.problems?.[0]?.message}`, "error");
      return false;
    }
    const saved = await positioned(found.document);
    const draft = readDraft(name);
    const restored = draft && textOf(draft.document) !== textOf(saved) ? draft : null;
    replaceDocument(restored?.document ?? saved, { name, etag: restored?.etag ?? found.etag, saved });
    if (restored) tell(`Unsaved changes of ${name} were restored; undo does not reach behind them`);
    history.replaceState(null, "", `#/${encodeURIComponent(name)}`);
    set({ dialog: null });
    return true;
  } catch (error) {
    tellError(error);
    return false;
  }
}

/** A document without a file: an empty one, or one out of a picture. */
export async function openUnsaved(document: Workflow = emptyWorkflow()): Promise<void> {
  const laid = await positioned(document);
  replaceDocument(laid, { name: "", etag: null, saved: Object.keys(laid.nodes).length === 0 ? laid : emptyWorkflow() });
  history.replaceState(null, "", "#/");
  set({ dialog: null });
}

export async function save(): Promise<void> {
  const { name, readOnly } = state();
  if (readOnly) return tell("The server is read-only: nothing can be saved", "error");
  if (!name) return set({ dialog: { kind: "save" } });
  await saveAs(name, state().etag);
}

/** Save under a name; etag: of the file that is replaced, null for a new one. */
export async function saveAs(name: string, etag: string | null): Promise<boolean> {
  const document = state().history.present;
  try {
    const saved = await api.save(name, document, etag);
    localStorage.removeItem(DRAFT + state().name);
    set({ name, etag: saved.etag, saved: document, dialog: null });
    history.replaceState(null, "", `#/${encodeURIComponent(name)}`);
    tell(saved.problems?.length ? `Saved ${name}; it cannot run yet` : `Saved ${name}`);
    return true;
  } catch (error) {
    tell(conflict(error, name), "error");
    return false;
  }
}

function conflict(error: unknown, name: string): string {
  if (error instanceof ApiError && error.status === 412)
    return `${name} was saved elsewhere meanwhile (or exists already). Save yours under another name, or open ${name} again`;
  return error instanceof Error ? error.message : String(error);
}

/** The document that this tab showed last, or the one that the address names; false when there is none. */
export async function reopen(): Promise<boolean> {
  const wanted = decodeURIComponent(location.hash.replace(/^#\/?/, ""));
  const name = wanted || sessionStorage.getItem(CURRENT) || "";
  if (name) return open(name);
  const draft = readDraft("");
  if (!draft) return false;
  replaceDocument(await positioned(draft.document), { name: "", etag: null, saved: emptyWorkflow() });
  return true;
}

/** A file that was dropped on the canvas: a workflow as JSON or YAML, or a picture with one inside. */
export async function openFile(file: File): Promise<void> {
  const text = await file.text();
  if (file.name.endsWith(".json")) {
    const data: unknown = JSON.parse(text);
    if (!isWorkflow(data)) throw new Error(`${file.name} is no workflow: it has no "format: 1" or no nodes`);
    return openUnsaved(data);
  }
  const name = file.name.replace(/\.ya?ml$/, "").replace(/[^A-Za-z0-9 _.-]/g, "_");
  await api.saveText(name, text);
  await open(name);
}
