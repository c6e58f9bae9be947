import { CommandButton } from "./CommandButton";
import { Crumbs } from "./Crumbs";
import { command, canRun, type Command } from "../commands/table";
import { fraction, hasEnded, remaining } from "../graph/progress";
import { duration } from "../graph/numbers";
import { keysOf } from "../state/settings";
import { useFlow } from "../state/flow";
import { isDirty, set, useEditor, type EditorState } from "../state/store";
import { Times } from "./RunDialog";

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
      <Views />
      <span className="space" />
      <Button id="undo" text="↶" disabled={!undoable} />
      <Button id="redo" text="↷" disabled={!redoable} />
      <Button id="node.add" text="+ Node" />
      <RunButtons />
      <Button id="file.share" text="Share" />
      <Button id="view.theme" text="◐" />
      <Button id="settings" text="⚙" />
      <Button id="help.commands" text="⌘" />
      <Button id="help.keys" text="?" />
    </nav>
  );
}

/** The three ways to look at a workflow. */
function Views() {
  const view = useEditor((now) => now.view);
  return (
    <span className="views" role="group" aria-label="Shown as">
      <CommandButton id="view.as.canvas" text="Graph" pressed={view === "canvas"} />
      <CommandButton id="view.as.form" text="Form" pressed={view === "form"} />
      <CommandButton id="view.as.outline" text="List" pressed={view === "outline"} />
    </span>
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
    <button type="button" className={className} aria-label={one.title} title={`${one.title}${keysOf(one)[0] ? ` (${keysOf(one)[0]})` : ""}`} disabled={disabled} onClick={() => canRun(one) && void one.run()}>
      {text}
    </button>
  );
}

function RunButtons() {
  const empty = useFlow((now) => now.nodes.length === 0);
  const batch = useEditor((now) => now.batch);
  const going = useEditor((now) => now.submitting || (now.run !== null && !hasEnded(now.run.state)));
  return (
    <>
      <Status going={going} />
      {going && <Button id="run.cancel" text="Cancel" className="cancel" />}
      <span className="run-buttons">
        <Button id="run" text={batch > 1 ? `Run ${batch} ▶` : "Run ▶"} className="primary" disabled={empty} />
        <Times value={batch} onChange={(value) => set({ batch: value })} />
        <Button id="run.choose" text="▾" disabled={empty} />
      </span>
    </>
  );
}

/** What the run is doing, how far it is and how long it takes still; before a run, what it would do. */
function Status({ going }: { going: boolean }) {
  const run = useEditor((now) => now.run);
  const waiting = useEditor((now) => now.own.filter((id) => now.live[id]?.state === "queued").length);
  const paused = useEditor((now) => now.queue.paused);
  const plan = useEditor((now) => planWord(now));
  const wrong = useEditor((now) => now.problems.length > 0);
  const left = run && going ? remaining(run, Date.now()) : null;
  const more = run?.state === "queued" ? waiting - 1 : waiting;
  return (
    <>
      <span className={`status ${going ? "going" : (run?.state ?? "")}`} data-run={run?.id} role="status" aria-live="polite">
        {going ? (run?.state === "running" ? "running" : paused ? "the queue is paused" : "queued") : ended(run)}
        {going && more > 0 && `, ${more} more waiting`}
      </span>
      {going && run && <progress max={1} value={fraction(run)} aria-label="Progress of the run" />}
      {left !== null && <span className="plan eta">{duration(left)} left</span>}
      {!going && !wrong && <span className="plan">{plan}</span>}
      {!going && wrong && (
        <button type="button" className="plan wrong" title="What is in the way (!)" onClick={() => set({ side: "problems" })}>
          {plan}
        </button>
      )}
    </>
  );
}

function planWord({ problems, plan }: EditorState): string {
  if (problems.length > 0) return `${problems.length} ${problems.length === 1 ? "problem" : "problems"}`;
  const states = Object.values(plan);
  const toRun = states.filter((one) => one.state === "run" || one.state === "later").length;
  return states.length === 0 ? "" : toRun > 0 ? `${toRun} to run` : "all cached";
}

function ended(run: { state: string; seconds: number } | null): string {
  if (!run) return "";
  if (run.state === "ok") return `done in ${duration(run.seconds)}`;
  return run.state;
}
