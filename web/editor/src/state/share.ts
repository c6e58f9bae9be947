/** Giving a workflow to others: a link to it, its text, its picture. */

import { tell, tellError } from "./notes";
import { linkTo } from "./routes";
import type { View } from "./store";

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
