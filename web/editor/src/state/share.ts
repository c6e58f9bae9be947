/** Giving a workflow to others: a link to it, its text, its picture. */

import { api } from "../api/client";
import { withWorkflow } from "../graph/png";
import { sketch } from "../graph/sketch";
import type { Position } from "../graph/document";
import { pasteText } from "./document";
import { tell, tellError } from "./notes";
import { linkTo } from "./routes";
import { paintSketch } from "./sketching";
import { bodyOf, outerOf, state, type View } from "./store";

/** The address of a saved workflow on this server. */
export const addressOf = (name: string, view: View = "canvas") => `${location.origin}/${linkTo(name, view)}`;

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    tell(`Copied ${what}`);
  } catch {
    tellError(new Error(`The browser does not let this page write to the clipboard; ${what}: ${text}`));
  }
}

export async function copyLink(name: string, view: View = "canvas"): Promise<void> {
  await copyText(addressOf(name, view), `the link to ${name}`);
}

/** A name for a file of the open workflow, without its ending. */
function fileName(): string {
  const { name, history } = state();
  return name || (history.present.title ?? "").replace(/[^A-Za-z0-9 _.-]+/g, "").trim() || "workflow";
}

function download(data: BlobPart, type: string, ending: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type }));
  link.download = `${fileName()}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  tell(`${link.download} was made`);
}

export async function exportYaml(): Promise<void> {
  await told(async () => download((await api.convert({ document: state().history.present })).text, "application/yaml", "yaml"));
}

export function exportJson(): void {
  download(`${JSON.stringify(state().history.present, null, 2)}\n`, "application/json", "json");
}

export async function copyYaml(): Promise<void> {
  await told(async () => copyText((await api.convert({ document: state().history.present })).text, "the workflow as YAML"));
}

/** A picture of what is on the canvas, with the whole workflow inside: dropped on an editor, it is opened again. */
export async function exportPicture(): Promise<void> {
  const { catalog, history } = state();
  if (!catalog) return;
  await told(async () => {
    const picture = await paintSketch(sketch(bodyOf(state()), catalog, outerOf(state())));
    download(withWorkflow(picture, history.present).slice(), "image/png", "png");
  });
}

/** YAML on the clipboard, as a file or a page has it, becomes nodes. */
export async function pasteYaml(text: string, at: Position, inbound: boolean): Promise<void> {
  await told(async () => {
    const { document } = await api.convert({ text });
    pasteText(JSON.stringify(document), at, inbound);
  });
}

async function told(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    tellError(error);
  }
}
