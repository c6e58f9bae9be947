/** Live events over one WebSocket, which comes again by itself and says which event it saw last. */

import { readFrame, type Frame } from "./frames";
import type { RunEvent } from "./types";

export interface Listener {
  event(event: RunEvent): void;
  preview(frame: Frame): void;
  connected(yes: boolean): void;
}

const SLOWEST_MS = 5000;

/** Listen to everything after event `after`; returns how to stop. */
export function listen(after: number, listener: Listener): () => void {
  let seen = after;
  let wait = 250;
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  function open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/api/v1/ws?previews=true&after=${seen}`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") read(JSON.parse(data) as RunEvent);
      else {
        const frame = readFrame(data as ArrayBuffer);
        if (frame) listener.preview(frame);
      }
    };
    socket.onclose = () => {
      if (ended) return;
      listener.connected(false);
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, SLOWEST_MS);
    };
  }

  /** The network is back, or a person does not want to wait. */
  function hurry() {
    if (socket?.readyState !== WebSocket.CLOSED) return;
    clearTimeout(timer);
    wait = 250;
    open();
  }

  function read(event: RunEvent) {
    if (event.type === "hello") {
      wait = 250;
      if (event.seq < seen) seen = event.seq; // another data folder: its numbers begin anew
      listener.connected(true);
    } else if (event.seq > seen) {
      seen = event.seq;
      listener.event(event);
    }
  }

  open();
  addEventListener("online", hurry);
  return () => {
    ended = true;
    removeEventListener("online", hurry);
    clearTimeout(timer);
    socket?.close();
  };
}
