/** Telling that a run is done to a person who looks elsewhere: by a sound, by a notification of the system, or neither. */

import type { RunDetail } from "../api/types";
import { duration } from "../graph/numbers";
import { tell } from "./notes";

export type Way = "sound" | "notification";

const KEY = "graph-engine:when-done:";
const TONES: Record<"ok" | "failed", number[]> = { ok: [660, 880], failed: [440, 330] };
const TONE_SECONDS = 0.16;
const NEWS_SECONDS = 30;

export const isOn = (way: Way) => localStorage.getItem(KEY + way) === "on";

export async function toggle(way: Way): Promise<void> {
  const on = !isOn(way);
  if (on && way === "notification" && (await Notification.requestPermission()) !== "granted")
    return tell("The browser does not let this page notify you; allow it in the settings of the site", "error");
  localStorage.setItem(KEY + way, on ? "on" : "off");
  tell(on ? `From now on a ${way} tells when a run is done` : `No ${way} any more when a run is done`);
  if (on && way === "sound") play(TONES.ok);
}

/** A notification is for people who look elsewhere, a sound for everybody who asked for it; old runs are no news. */
export function announce({ state, title, seconds = 0, finished = 0, error }: RunDetail): void {
  if (state === "cancelled" || Date.now() / 1000 - finished > NEWS_SECONDS) return;
  const well = state === "ok";
  if (isOn("sound")) play(TONES[well ? "ok" : "failed"]);
  if (!isOn("notification") || document.hasFocus() || Notification.permission !== "granted") return;
  const shown = new Notification(`${title}: ${well ? `done in ${duration(seconds)}` : "failed"}`, { body: error?.message, tag: "graph-engine" });
  shown.onclick = () => window.focus();
}

function play(tones: readonly number[]): void {
  const context = new AudioContext();
  tones.forEach((frequency, index) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const start = context.currentTime + index * TONE_SECONDS;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.12, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + TONE_SECONDS);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + TONE_SECONDS);
    if (index === tones.length - 1) tone.onended = () => void context.close();
  });
}
