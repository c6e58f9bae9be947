import { enter } from "../state/document";
import { bodyOf, useEditor } from "../state/store";

/** The way to the sub-workflow on the canvas, and out of it. */
export function Crumbs() {
  const path = useEditor((now) => now.path);
  const history = useEditor((now) => now.history);
  if (path.length === 0) return null;
  return (
    <ol className="crumbs" aria-label="Subgraphs">
      <li>
        <button type="button" onClick={() => enter([])}>
          Workflow
        </button>
      </li>
      {path.map((name, depth) => (
        <li key={depth}>
          <button type="button" aria-current={depth === path.length - 1 ? "location" : undefined} onClick={() => enter(path.slice(0, depth + 1))}>
            {bodyOf({ history, path: path.slice(0, depth + 1) }).title || name}
          </button>
        </li>
      ))}
    </ol>
  );
}
