/** The beginning: the catalog, the events, the document that was open; and what goes on as long as the page does. */

import { api } from "../api/client";
import { listenToKeys } from "../commands/listen";
import { makeCatalog } from "../graph/catalog";
import { keepDraft, reopen } from "./files";
import { tell } from "./notes";
import { replan } from "./plan";
import { follow } from "./runs";
import { set, useEditor } from "./store";
import { startTheme } from "./theme";
import { keepTitle } from "./title";

const SETTLE_MS = 350;

export function begin(): () => void {
  startTheme();
  const stops: (() => void)[] = [listenToKeys(), keepTitle(), watch()];
  let ended = false;
  load().then(
    (stop) => (ended ? stop() : stops.push(stop)),
    (error: unknown) => set({ broken: error instanceof Error ? error.message : String(error) }),
  );
  return () => {
    ended = true;
    for (const stop of stops) stop();
  };
}

async function load(): Promise<() => void> {
  const [server, nodes, { kinds, fits }] = await Promise.all([api.server(), api.nodes(), api.kinds()]);
  set({ catalog: makeCatalog(nodes, kinds, fits), readOnly: server.read_only });
  for (const notice of server.notices) tell(notice);
  api.models().then((models) => set({ models: models.map((model) => model.name) }), () => undefined);
  if (!(await reopen())) set({ dialog: { kind: "start" } });
  return follow(server.latest_event);
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
  return () => {
    stop();
    clearTimeout(timer);
    removeEventListener("pagehide", leave);
  };
}
