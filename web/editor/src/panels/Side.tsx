import type { ComponentType } from "react";
import { command } from "../commands/table";
import { set, useEditor } from "../state/store";
import { Gallery } from "./Gallery";
import { History } from "./History";
import { PANELS, type PanelId } from "./names";
import { Problems } from "./Problems";
import { Queue } from "./Queue";
import { Result } from "./Result";
import { System } from "./System";

const SHOWN: Record<PanelId, ComponentType> = { result: Result, gallery: Gallery, queue: Queue, history: History, problems: Problems, system: System };

/** What is beside the canvas. */
export function Side() {
  // The form has the result beside it already.
  const side = useEditor((now) => (now.view === "form" && now.side === "result" ? null : now.side));
  const title = PANELS.find((one) => one.id === side)?.title;
  const Panel = side && SHOWN[side];
  return (
    <>
      {Panel && (
        <aside className="side" aria-label={title}>
          <header>
            <h2>{title}</h2>
            <button type="button" aria-label="Close the panel" onClick={() => set({ side: null })}>
              ×
            </button>
          </header>
          <Panel />
        </aside>
      )}
      <Rail />
    </>
  );
}

/** The edge from which every panel is one press away; a number says how much is in it. */
function Rail() {
  const side = useEditor((now) => now.side);
  return (
    <div className="rail" role="toolbar" aria-orientation="vertical" aria-label="Panels">
      {PANELS.map(({ id, title, sign, keys }) => (
        <button key={id} type="button" aria-pressed={side === id} title={keys.length > 0 ? `${title} (${keys[0]})` : title} onClick={() => void command(`view.${id}`).run()}>
          <span className="sign" aria-hidden="true">
            {sign}
          </span>
          {title}
          <Count id={id} />
        </button>
      ))}
    </div>
  );
}

function Count({ id }: { id: PanelId }) {
  const count = useEditor((now) => (id === "queue" ? now.queue.running + now.queue.waiting : id === "problems" ? now.problems.length : 0));
  return count > 0 ? <span className={`count ${id}`}>{count}</span> : null;
}
