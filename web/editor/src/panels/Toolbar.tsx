import { command, canRun, type Command } from "../commands/table";
import { fraction, hasEnded } from "../graph/progress";
import { duration } from "../graph/numbers";
import { enter } from "../state/document";
import { isDirty, useEditor } from "../state/store";

/** The bar above the canvas: the file, undo, the run, and what is shown beside the canvas. */
export function Toolbar() {
  const name = useEditor((now) => now.name);
  const title = useEditor((now) => now.history.present.title);
  const dirty = useEditor(isDirty);
  const undoable = useEditor((now) => now.history.past.length > 0);
  const redoable = useEditor((now) => now.history.future.length > 0);
  return (
    <nav className="toolbar" aria-label="Workflow">
      <Button id="file.open" text="Open" />
      <Button id="file.save" text="Save" />
      <h1 className="document" title={name ? `saved as ${name}` : "not saved yet"}>
        {title || name || "Untitled"}
        {dirty && (
          <span className="dirty" role="img" aria-label="unsaved changes" title="Unsaved changes; a draft is kept in this browser">
            ●
          </span>
        )}
      </h1>
      <Crumbs />
      <span className="space" />
      <Button id="undo" text="↶" disabled={!undoable} />
      <Button id="redo" text="↷" disabled={!redoable} />
      <Button id="node.add" text="+ Node" />
      <RunButtons />
      <Button id="view.theme" text="◐" />
      <Button id="help.commands" text="⌘" />
      <Button id="help.keys" text="?" />
    </nav>
  );
}

interface ButtonProps {
  id: string;
  text: string;
  className?: string;
  disabled?: boolean;
}

function Button({ id, text, className, disabled }: ButtonProps) {
  const one: Command = command(id);
  return (
    <button type="button" className={className} aria-label={one.title} title={`${one.title}${one.keys[0] ? ` (${one.keys[0]})` : ""}`} disabled={disabled} onClick={() => canRun(one) && void one.run()}>
      {text}
    </button>
  );
}

function RunButtons() {
  const run = useEditor((now) => now.run);
  const submitting = useEditor((now) => now.submitting);
  const empty = useEditor((now) => now.flow.length === 0);
  const toRun = useEditor((now) => Object.values(now.plan).filter((one) => one.state === "run" || one.state === "later").length);
  const planned = useEditor((now) => Object.keys(now.plan).length);
  const problems = useEditor((now) => now.problems.length);
  const going = submitting || (run !== null && !hasEnded(run.state));
  const word = problems > 0 ? `${problems} ${problems === 1 ? "problem" : "problems"}` : planned > 0 ? (toRun > 0 ? `${toRun} to run` : "all cached") : "";
  return (
    <>
      <span className={`status ${run?.state ?? ""}`} role="status" aria-live="polite">
        {going ? (run?.state === "queued" ? "waiting" : "running") : ended(run)}
      </span>
      {going && run && <progress max={1} value={fraction(run)} aria-label="Progress of the run" />}
      {!going && <span className={`plan${problems > 0 ? " wrong" : ""}`}>{word}</span>}
      {going ? <Button id="run.cancel" text="Cancel" className="cancel" /> : <Button id="run" text="Run ▶" className="primary" disabled={empty} />}
    </>
  );
}

function ended(run: { state: string; seconds: number } | null): string {
  if (!run) return "";
  if (run.state === "ok") return `done in ${duration(run.seconds)}`;
  return run.state;
}

function Crumbs() {
  const path = useEditor((now) => now.path);
  if (path.length === 0) return null;
  return (
    <ol className="crumbs" aria-label="Subgraphs">
      <li>
        <button type="button" onClick={() => void enter([])}>
          Workflow
        </button>
      </li>
      {path.map((name, depth) => (
        <li key={depth}>
          <button type="button" aria-current={depth === path.length - 1 ? "location" : undefined} onClick={() => void enter(path.slice(0, depth + 1))}>
            {name}
          </button>
        </li>
      ))}
    </ol>
  );
}
