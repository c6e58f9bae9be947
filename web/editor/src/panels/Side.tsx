import { set, useEditor } from "../state/store";
import { Gallery } from "./Gallery";
import { Result } from "./Result";

/** What is beside the canvas. */
export function Side() {
  const side = useEditor((now) => now.side);
  if (!side) return null;
  return (
    <aside className="side" aria-label={side === "result" ? "Result" : "Gallery"}>
      <header>
        <h2>{side === "result" ? "Result" : "Gallery"}</h2>
        <button type="button" aria-label="Close the panel" onClick={() => set({ side: null })}>
          ×
        </button>
      </header>
      {side === "result" ? <Result /> : <Gallery />}
    </aside>
  );
}
