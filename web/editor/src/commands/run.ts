/** Commands that run, and those of the queue. */

import { faceOf, typeOf } from "../graph/catalog";
import { INPUTS } from "../graph/document";
import { canLook, type Look } from "../graph/look";
import { hasEnded } from "../graph/progress";
import { toggle } from "../state/announce";
import { selectedNodes } from "../state/document";
import { cancelEverything, pauseQueue } from "../state/queue";
import { cancel, submit } from "../state/runs";
import { set, state } from "../state/store";
import type { Command } from "./command";

const going = () => Object.keys(state().live).some((id) => state().own.includes(id)) || (state().run !== null && !hasEnded(state().run!.state));
const something = () => Object.keys(state().history.present.nodes).length > 0;
const busy = () => state().queue.runs.length > 0;

/** The selected nodes, else the one that has the keyboard; only those of the workflow itself can be run to. */
function targets(): string[] {
  if (state().path.length > 0) return [];
  const focused = document.activeElement?.closest<HTMLElement>(".react-flow__node")?.dataset.id;
  const chosen = selectedNodes();
  return (chosen.length > 0 ? chosen : focused ? [focused] : []).filter((name) => name !== INPUTS);
}

const here = () => targets().length > 0;

/** The k-th output of the selected node, when it can be looked at. */
function lookOf(place: number): Look | null {
  const { catalog, path, history } = state();
  const [node] = targets();
  const entry = node === undefined ? undefined : history.present.nodes[node];
  if (!catalog || node === undefined || !entry || path.length > 0) return null;
  const socket = faceOf(node, history.present, catalog).outputs[place];
  const type = socket && typeOf(node, socket.name, history.present, catalog);
  return socket && type && canLook(type) ? { node, output: socket.name, type } : null;
}

const LOOKS = [1, 2, 3].map((number): Command => {
  const look = () => lookOf(number - 1);
  return { id: `run.look${number}`, title: `Look at output ${number} of the selected node`, group: "Run", keys: [String(number)], run: () => submit({ look: look()! }), when: () => look() !== null };
});

export const RUN: readonly Command[] = [
  { id: "run", title: "Run", group: "Run", keys: ["Ctrl+Enter"], run: () => submit(), when: something, always: true },
  { id: "run.front", title: "Run before everything that waits", group: "Run", keys: ["Ctrl+Shift+Enter"], run: () => submit({ front: true }), when: something, always: true },
  { id: "run.here", title: "Run to the selected nodes", group: "Run", keys: ["Alt+Enter"], run: () => submit({ targets: targets(), count: 1 }), when: here },
  { id: "run.fresh", title: "Run without the cache", group: "Run", keys: [], run: () => submit({ use_cache: false }), when: something },
  { id: "run.hereFresh", title: "Run to the selected nodes without the cache", group: "Run", keys: [], run: () => submit({ targets: targets(), use_cache: false, count: 1 }), when: here },
  { id: "run.choose", title: "Run with choices: outputs, cache, count", group: "Run", keys: [], run: () => set({ dialog: { kind: "run" } }), when: something },
  ...LOOKS,
  { id: "run.cancel", title: "Cancel the run", group: "Run", keys: ["Ctrl+Alt+Enter"], run: cancel, when: going, always: true },
  { id: "queue.cancel", title: "Cancel everything in the queue", group: "Run", keys: [], run: cancelEverything, when: busy },
  { id: "queue.pause", title: "Pause the queue", group: "Run", keys: [], run: () => pauseQueue(true), when: () => !state().queue.paused },
  { id: "queue.resume", title: "Let the queue go on", group: "Run", keys: [], run: () => pauseQueue(false), when: () => state().queue.paused },
  { id: "done.sound", title: "Sound when a run is done: on or off", group: "Run", keys: [], run: () => toggle("sound") },
  { id: "done.notification", title: "Notification when a run is done: on or off", group: "Run", keys: [], run: () => toggle("notification") },
];
