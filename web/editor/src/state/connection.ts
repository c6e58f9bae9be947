/** What follows when the server was away and is back, when it knows this browser no more, and when a file changed. */

import { api, ApiError } from "../api/client";
import type { RunEvent } from "../api/types";
import { makeCatalog } from "../graph/catalog";
import { checkFile } from "./files";
import { loadModels } from "./models";
import { set, state, useEditor } from "./store";

const ASK_MS = 2000;

/** What there is to wire; asked again when the server comes back, as its plugins may be others. */
export async function loadCatalog(): Promise<void> {
  const [nodes, { kinds, fits }] = await Promise.all([api.nodes(), api.kinds()]);
  set({ catalog: makeCatalog(nodes, kinds, fits) });
  loadModels();
}

/** Watch the connection as long as the page lives; returns how to stop. */
export function watchConnection(): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const look = () => void checkFile();
  const stop = useEditor.subscribe((now, before) => {
    if (now.online === before.online) return;
    clearInterval(timer);
    if (now.online) void back();
    else timer = setInterval(() => void askWhy(), ASK_MS);
  });
  addEventListener("focus", look);
  return () => {
    stop();
    clearInterval(timer);
    removeEventListener("focus", look);
  };
}

/** A server that answers, but not to us, has another token than the one that this browser was given. */
async function askWhy(): Promise<void> {
  try {
    await api.server();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) set({ signedOut: true });
  }
}

async function back(): Promise<void> {
  try {
    await loadCatalog();
    await checkFile();
  } catch {
    // It went away again; this is called anew when it is back.
  }
}

/** The server's word that a saved workflow changed, by this tab or by anybody else. */
export function heardOfFile(event: RunEvent): void {
  const { name, etag } = state();
  if (event.name === name && event.etag !== etag) void checkFile();
}
