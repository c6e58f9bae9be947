import { keysOf } from "../state/settings";
import { useEffect, useRef } from "react";
import { canRun, command } from "../commands/table";
import type { Position } from "../graph/document";
import { closeDialog, Modal } from "./Modal";

export type Where = "node" | "wire" | "canvas";

/** What a menu offers, in groups; what cannot be done now is left out. */
const ITEMS: Record<Where, readonly (readonly string[])[]> = {
  node: [
    ["node.rename", "wire.draw", "node.swap", "node.detach", "run.here"],
    ["mute", "bypass", "collapse", "color"],
    ["subgraph.enter", "subgraph.expand", "subgraph.make", "frame.add"],
    ["copy", "cut", "duplicate", "duplicate.wired", "dissolve", "delete"],
  ],
  wire: [["wire.insert", "wire.point"], ["delete"]],
  canvas: [
    ["node.add", "note.add", "frame.add"],
    ["paste", "paste.wired", "select.all", "tidy", "find"],
    ["subgraph.leave", "face", "undo", "redo", "view.all"],
  ],
};

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

/** The menu of a node, a wire or the canvas: commands, each with its key. */
export function Menu({ where, at }: { where: Where; at: Position }) {
  const list = useRef<HTMLDivElement>(null);
  const groups = ITEMS[where].map((ids) => ids.map(command).filter((one) => one && canRun(one))).filter((group) => group.length > 0);
  const buttons = () => [...(list.current?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
  useEffect(() => buttons()[0]?.focus(), []);
  return (
    <Modal label="Menu" className="menu" at={at}>
      <div
        ref={list}
        role="menu"
        aria-label={`Menu of the ${where}`}
        onContextMenu={(event) => event.preventDefault()}
        onKeyDown={(event) => {
          const step = STEPS[event.key];
          if (!step) return;
          event.preventDefault();
          const all = buttons();
          all[(all.indexOf(document.activeElement as HTMLButtonElement) + step + all.length) % all.length]?.focus();
        }}
      >
        {groups.map((group, place) => (
          <div key={place} role="group">
            {group.map((one) => (
              <button
                key={one.id}
                type="button"
                role="menuitem"
                onClick={() => {
                  closeDialog();
                  setTimeout(() => void one.run());
                }}
              >
                {one.title}
                {keysOf(one)[0] && <kbd aria-hidden="true">{keysOf(one)[0]!.replace("Arrow", "")}</kbd>}
              </button>
            ))}
          </div>
        ))}
      </div>
    </Modal>
  );
}
