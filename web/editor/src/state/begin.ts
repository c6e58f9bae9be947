/** The beginning: the catalog, the events, the document that was open; and what goes on as long as the page does. */

import { api, ApiError } from "../api/client";
import { listenToKeys } from "../commands/listen";
import { loadCatalog, watchConnection } from "./connection";
import { keepDraft, open, reopen } from "./files";
import { tell } from "./notes";
import { replan } from "./plan";
import { viewOf } from "./routes";
import { follow } from "./runs";
import { startSettings } from "./settings";
import { set, state, useEditor } from "./store";
import { join } from "./tabs";
import { keepTitle } from "./title";

const SETTLE_MS = 350;

export function begin(): () => void {
  const stops: (() => void)[] = [startSettings(), listenToKeys(), keepTitle(), watch(), watchConnection(), watchAddress()];
  let ended = false;
  load().then(
    (stop) => (ended ? stop() : stops.push(stop)),
    (error: unknown) => {
      if (error instanceof ApiError && error.status === 401) set({ signedOut: true });
      else set({ broken: error instanceof Error ? error.message : String(error) });
    },
  );
  return () => {
    ended = true;
    for (const stop of stops) stop();
  };
}

async function load(): Promise<() => void> {
  const [server, leave] = await Promise.all([api.server(), join(), loadCatalog()]);
  set({ readOnly: server.read_only, version: server.version });
  for (const notice of server.notices) tell(notice);
  api.pictures().then((pictures) => set({ pictures }), () => undefined);
  if (!(await reopen())) set({ dialog: { kind: "start" } });
  const stop = follow(server.latest_event);
  return () => {
    stop();
    leave();
  };
}

/** Another address behind the # was typed or gone back to. */
function watchAddress(): () => void {
  const look = () => {
    const { name, view } = viewOf(location.hash);
    if (name && name !== state().name) void open(name, view);
    else if (view !== state().view) set({ view });
  };
  addEventListener("hashchange", look);
  return () => removeEventListener("hashchange", look);
}

/** What follows from changes of the document: a draft, and a new plan. */
function watch(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = useEditor.subscribe((now, before) => {
    if (now.history.present === before.history.present && now.name === before.name && now.catalog === before.catalog) return;
    const meaning = now.history.present.nodes !== before.history.present.nodes || now.history.present.inputs !== before.history.present.inputs || now.history.present.outputs !== before.history.present.outputs || now.history.present.subgraphs !== before.history.present.subgraphs;
    clearTimeout(timer);
    timer = setTimeout(() => {
      keepDraft();
      if (meaning || now.catalog !== before.catalog) void replan();
    }, SETTLE_MS);
  });
  const leave = () => keepDraft();
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", leave);
  return () => {
    stop();
    clearTimeout(timer);
    removeEventListener("pagehide", leave);
    document.removeEventListener("visibilitychange", leave);
  };
}
