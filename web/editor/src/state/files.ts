/** Saved workflows: nothing that was typed is lost, and nobody's file is overwritten unasked. */

import { api, ApiError, type Opened } from "../api/client";
import { emptyWorkflow, isWorkflow, type Workflow } from "../graph/document";
import { editWhole, enter, positioned, replaceDocument, select, takeDocument } from "./document";
import { putAside, removeDraft, removeOwnDraft, takeDraft, writeDraft, type Draft } from "./drafts";
import { tell, tellError } from "./notes";
import { linkTo, viewOf } from "./routes";
import { isDirty, set, state, type View } from "./store";

const FIRST = "glide";
const WORDS = "inputs-prompt";
const CURRENT = "graph-engine:current";

/** What of a document makes it another document: not where its nodes are. */
function textOf(document: Workflow): string {
  return JSON.stringify(document);
}

/** Keep what is on the canvas when another document takes its place. */
function leave(): void {
  const now = state();
  keepDraft();
  if (now.name || now.history.past.length === 0 || !isDirty(now)) return;
  putAside(now.history.present);
  tell("The unsaved workflow before this one is kept: see Earlier versions");
}

/** Keep what is on the canvas across reloads and crashes; called a moment after each change. */
export function keepDraft(): void {
  const now = state();
  sessionStorage.setItem(CURRENT, now.name);
  if (isDirty(now)) writeDraft(now.name, now.etag, now.history.present);
  else removeOwnDraft(now.name);
}

export async function open(name: string, view: View = "canvas"): Promise<boolean> {
  leave();
  try {
    const found = await api.open(name);
    if (!found.document) {
      tell(`${name} cannot be read: ${found.problem || found.problems?.[0]?.message}`, "error");
      return false;
    }
    const saved = positioned(found.document);
    const draft = takeDraft(name);
    const restored = draft && textOf(draft.document) !== textOf(saved) ? draft : null;
    const base = restored?.etag ?? found.etag;
    replaceDocument(restored ? positioned(restored.document) : saved, { name, etag: base, saved });
    set({ dialog: null, view, elsewhere: base === found.etag ? null : "changed" });
    if (restored) tell(`Unsaved changes of ${name} were restored; undo does not reach behind them`);
    show();
    return true;
  } catch (error) {
    tellError(error);
    return false;
  }
}

/** Put what is open into the address, so that it can be reloaded and sent. */
export function show(): void {
  history.replaceState(null, "", linkTo(state().name, state().view));
}

/** The form is that of the whole workflow, whatever subgraph was looked into; nothing is selected that is not seen. */
export async function showAs(view: View): Promise<void> {
  if (view === "form" && state().path.length > 0) enter([]);
  if (view !== "canvas") select([]);
  set({ view });
  show();
}

/** A document without a file: an empty one, a template, or one out of a picture. */
export async function openUnsaved(document: Workflow = emptyWorkflow(), view: View = "canvas"): Promise<void> {
  leave();
  const laid = positioned(document);
  replaceDocument(laid, { name: "", etag: null, saved: Object.keys(laid.nodes).length === 0 ? laid : emptyWorkflow() });
  set({ dialog: null, view, elsewhere: null, welcome: false });
  show();
}

export async function save(): Promise<void> {
  const { name, readOnly } = state();
  if (readOnly) return tell("The server is read-only: nothing can be saved", "error");
  if (!name) return set({ dialog: { kind: "save" } });
  const answer = await saveAs(name, state().etag);
  if (answer === "taken") set({ elsewhere: "changed" });
}

let saving: Promise<unknown> = Promise.resolve();

/** A change of the file by this tab: what the server tells all tabs of it may come before its answer, and waits for that. */
function own<T>(change: Promise<T>): Promise<T> {
  saving = change.catch(() => undefined);
  return change;
}

/** Save under a name. etag: of the file that is replaced, null for a new one; `taken` when that is not what is there. */
export async function saveAs(name: string, etag: string | null): Promise<"saved" | "taken" | "failed"> {
  const document = state().history.present;
  const old = state().name;
  try {
    const saved = await own(api.save(name, document, etag));
    removeOwnDraft(old);
    set({ name, etag: saved.etag, saved: document, dialog: null, elsewhere: null });
    show();
    keepDraft();
    tell(saved.problems?.length ? `Saved ${name}; it cannot run yet` : `Saved ${name}`);
    return "saved";
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) return "taken";
    tellError(error);
    return "failed";
  }
}

/** Write this tab's text over what somebody else saved meanwhile; theirs becomes a revision. */
export async function saveOver(name: string): Promise<void> {
  const current = await theirs(name);
  if (current !== null) await saveAs(name, current?.etag ?? null);
}

/** Show what somebody else saved; undo brings this tab's text back. */
export async function takeTheirs(): Promise<void> {
  const { name } = state();
  const found = await theirs(name);
  if (found?.document) takeDocument(positioned(found.document), found.etag);
  if (found) set({ elsewhere: null });
}

/** The file as it is now; undefined when it is gone, null when it cannot be read. */
async function theirs(name: string): Promise<Opened | undefined | null> {
  try {
    return await api.open(name);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    tellError(error);
    return null;
  }
}

/** Whether the file of this workflow is still the one that is open; a text that has no changes here follows it. */
export async function checkFile(): Promise<void> {
  await saving;
  const { name, etag } = state();
  if (!name) return;
  const found = await theirs(name);
  if (found === null || state().name !== name || state().etag !== etag || found?.etag === etag) return;
  if (found === undefined) return set({ elsewhere: "gone", etag: null });
  if (isDirty(state()) || !found.document) return set({ elsewhere: "changed" });
  takeDocument(positioned(found.document), found.etag);
  tell(`${name} was saved elsewhere; this is its text now`);
}

export async function renameFile(name: string, to: string): Promise<boolean> {
  try {
    const saved = await own(api.rename(name, to));
    if (state().name === name) {
      removeOwnDraft(name);
      set({ name: to, etag: saved.etag });
      show();
      keepDraft();
    }
    tell(`${name} is called ${to} now`);
    return true;
  } catch (error) {
    tellError(error);
    return false;
  }
}

export async function deleteFile(name: string): Promise<boolean> {
  try {
    await own(api.remove(name));
    if (state().name === name) set({ elsewhere: "gone", etag: null });
    tell(`${name} was moved to the server's trash`);
    return true;
  } catch (error) {
    tellError(error);
    return false;
  }
}

export async function duplicateFile(name: string, to: string): Promise<boolean> {
  try {
    const { document } = await api.open(name);
    if (!document) throw new Error(`${name} cannot be read, so it cannot be duplicated`);
    await api.save(to, document, null);
    tell(`${to} is a copy of ${name}`);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) tell(`There is a workflow called ${to} already; choose another name`, "error");
    else tellError(error);
    return false;
  }
}

/** Make an earlier text the file again, and show it; undo brings back what was here. */
export async function restoreRevision(name: string, id: string): Promise<void> {
  try {
    await api.restore(name, id);
    await takeTheirs();
    set({ dialog: null });
    tell(`An earlier version of ${name} was restored; the one before it is a version now`);
  } catch (error) {
    tellError(error);
  }
}

/** A draft that another tab left: from now on it is this tab's. */
export async function openDraft(draft: Draft): Promise<void> {
  const { name, document } = draft;
  if (!name) {
    await openUnsaved(document);
  } else {
    if (name !== state().name && !(await open(name))) return;
    editWhole(() => document);
  }
  removeDraft(draft);
  set({ dialog: null });
}

/** A workflow that comes with the program; saving makes a copy of one's own. */
export async function openTemplate(name: string): Promise<boolean> {
  try {
    const document = await api.template(name);
    if (!document) throw new Error(`The template ${name} cannot be read`);
    await openUnsaved(document);
    return true;
  } catch (error) {
    tellError(error);
    return false;
  }
}

/** The document that the address names, or that this tab showed last, or the first template; false when there is none. */
export async function reopen(): Promise<boolean> {
  const { name: wanted, view } = viewOf(location.hash);
  const name = wanted || sessionStorage.getItem(CURRENT) || "";
  if (name) return open(name, view);
  const draft = takeDraft("");
  if (!draft) return welcome();
  replaceDocument(positioned(draft.document), { name: "", etag: null, saved: emptyWorkflow() });
  set({ view });
  return true;
}

/** The first time: a workflow that makes a picture at one press, with the words in hand. */
async function welcome(): Promise<boolean> {
  if (!(await openTemplate(FIRST))) return false;
  set({ welcome: true });
  focusWhenDrawn(WORDS);
  return true;
}

/** The canvas draws its nodes some frames later, and is slow to the first time. */
function focusWhenDrawn(id: string, left = 100): void {
  const field = window.document.getElementById(id);
  if (field && field.getBoundingClientRect().width > 0 && getComputedStyle(field).visibility === "visible") field.focus({ preventScroll: true });
  else if (left > 0) requestAnimationFrame(() => focusWhenDrawn(id, left - 1));
}

/** A file that was dropped on the canvas: a workflow as JSON or YAML. */
export async function openFile(file: File): Promise<void> {
  await openUnsaved(await readText(await file.text(), file.name));
  tell(`The workflow of ${file.name}; save it to keep it on the server`);
}

/** A workflow out of text: JSON here, YAML by the server, which has the one reader of it. */
export async function readText(text: string, from: string): Promise<Workflow> {
  if (!text.trimStart().startsWith("{")) return (await api.convert({ text })).document;
  const data: unknown = JSON.parse(text);
  if (!isWorkflow(data)) throw new Error(`${from} is no workflow: it has no "format: 1" or no nodes`);
  return data;
}
