/** Keys, copy and paste of the whole page, looked up in the table of commands. */

import { onCanvas, pointerPlace } from "../canvas/view";
import { dropFile } from "../canvas/drop";
import { isPicture } from "../graph/pictures";
import { copySelected, pasteText, removeSelected } from "../state/document";
import { keysOf } from "../state/settings";
import { state } from "../state/store";
import { pasteYaml } from "../state/share";
import { matches } from "./keys";
import { canRun, command, COMMANDS, type Command } from "./table";

const TYPED = "input:not([type=checkbox]):not([type=range]):not([type=file]), textarea, select, [contenteditable]";
const PRESSED = "button, a, input, select, textarea, summary, .react-flow__node";

const ACTS = "button, a, select, summary";
const MOVES = "input, select, textarea";

const isTyping = (target: EventTarget | null) => target instanceof Element && target.closest(TYPED) !== null;

/** Whether an element of a dialog does something with a key by itself: a button with Enter, a slider with arrows. */
function ownKey({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  return (key === "Enter" || key === " " ? target.closest(ACTS) : key.startsWith("Arrow") ? target.closest(MOVES) : null) !== null;
}

const OF_THE_FORM = new Set(["Run", "File", "View", "Help", "Mask", "Picture"]);

/** The form shows no nodes: what changes them is left alone there, but for undo and redo. */
const isSeen = ({ id, group }: Command) => state().view !== "form" || OF_THE_FORM.has(group) || id === "undo" || id === "redo" || id === "face";

/** Listen; returns how to stop. */
export function listenToKeys(): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let space = false;
  let shift = false;

  function onKeyDown(event: KeyboardEvent) {
    shift = event.shiftKey;
    const dialog = state().dialog?.kind;
    if (event.isComposing || (dialog && ownKey(event))) return;
    if (event.key === "Escape" && !dialog && isTyping(event.target)) return (event.target as HTMLElement).blur();
    if (event.key === " " && !dialog) {
      // Space and a drag pans: only a Space that was let go without one adds a node.
      space = !event.repeat && !isTyping(event.target) && !(event.target as Element).closest?.(PRESSED) && !event.ctrlKey;
      return;
    }
    const scope = dialog ?? (event.target instanceof Element ? event.target.closest("[data-scope]")?.getAttribute("data-scope") : null) ?? undefined;
    const within = (wanted: string | undefined) => COMMANDS.find((one) => isSeen(one) && one.within === wanted && !one.native && (one.always || !isTyping(event.target)) && keysOf(one).some((key) => matches(key, event)));
    const found = within(scope) ?? (dialog ? undefined : within(undefined));
    if (!found) return;
    event.preventDefault();
    if (!canRun(found)) return;
    // The canvas is not to see the key: it moves nodes by the arrows, whatever is held with them.
    event.stopPropagation();
    void found.run();
  }

  function onKeyUp(event: KeyboardEvent) {
    if (event.key === " " && space && !state().dialog && state().view !== "form") {
      event.preventDefault();
      void command("node.add").run();
    }
    if (event.key === " ") space = false;
  }

  const mine = (event: ClipboardEvent) => !isTyping(event.target) && !state().dialog && String(getSelection() ?? "") === "";

  function onCopy(event: ClipboardEvent) {
    const text = mine(event) ? copySelected() : null;
    if (text === null) return;
    event.preventDefault();
    event.clipboardData?.setData("text/plain", text);
    if (event.type === "cut") removeSelected();
  }

  function onPaste(event: ClipboardEvent) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!mine(event)) return;
    const at = onCanvas(pointerPlace());
    const file = event.clipboardData?.files[0];
    if (file && isPicture(file.name)) {
      event.preventDefault();
      return void dropFile(file, at, shift);
    }
    if (pasteText(text, at, shift)) return event.preventDefault();
    if (!/^nodes:/m.test(text)) return;
    event.preventDefault();
    void pasteYaml(text, at, shift);
  }

  addEventListener("keydown", onKeyDown, { signal, capture: true });
  addEventListener("keyup", onKeyUp, { signal });
  addEventListener("pointerdown", () => (space = false), { signal, capture: true });
  document.addEventListener("copy", onCopy, { signal });
  document.addEventListener("cut", onCopy, { signal });
  document.addEventListener("paste", onPaste, { signal });
  return () => stop.abort();
}
