import { useState, type ReactNode } from "react";
import { declaredWidget } from "../graph/catalog";
import type { Body, InputDecl } from "../graph/document";
import { addInput, dropInput, dropOutput, isFreeName, renameInput, renameOutput, reorder, retype, setInput } from "../graph/face";
import { edit, editWhole, sealHistory } from "../state/document";
import { bodyOf, state, useEditor } from "../state/store";
import { widgetFor } from "../widgets/registry";
import { closeDialog, Modal } from "./Modal";

const TYPES = ["text", "int", "float", "bool", "seed", "choice", "file", "folder", "list[text]", "list[int]", "list[float]"];

/** The declared inputs and outputs of what is on the canvas: what it asks for as a node, a form, a command, an endpoint. */
export function Face() {
  const body = useEditor(bodyOf);
  const path = useEditor((now) => now.path);
  const name = path.at(-1);
  const inputs = Object.entries(body.inputs ?? {});
  const outputs = Object.entries(body.outputs ?? {});
  return (
    <Modal label="Inputs and outputs" className="face">
      <header>
        <h2>Inputs and outputs of {body.title || name || "the workflow"}</h2>
        <button type="button" aria-label="Close" onClick={closeDialog}>
          ×
        </button>
      </header>
      <div className="words">
        <label>
          Title <Text label="Title" value={body.title ?? ""} onDone={(title) => edit((old) => ({ ...old, title: title || undefined }))} />
        </label>
        <label>
          Description <Text label="Description" value={body.description ?? ""} onDone={(description) => edit((old) => ({ ...old, description: description || undefined }))} />
        </label>
      </div>
      <h3>Inputs</h3>
      <ul aria-label="Inputs">
        {inputs.map(([one, decl]) => (
          <Input key={one} name={one} decl={decl} />
        ))}
      </ul>
      <button type="button" onClick={() => edit(addInput)}>
        + Input
      </button>
      <h3>Outputs</h3>
      <ul aria-label="Outputs">
        {outputs.map(([one, link]) => (
          <Row key={one} which="outputs" name={one} onRename={(to) => editWhole((root) => renameOutput(root, state().path, one, to))} onRemove={() => editWhole((root) => dropOutput(root, state().path, one))}>
            <span className="about">is {link}</span>
          </Row>
        ))}
      </ul>
      {outputs.length === 0 && <p className="nothing">Press ○ beside an output of a node to make it one of these.</p>}
    </Modal>
  );
}

interface RowProps {
  which: "inputs" | "outputs";
  name: string;
  onRename: (to: string) => void;
  onRemove: () => void;
  children: ReactNode;
}

function Row({ which, name, onRename, onRemove, children }: RowProps) {
  const taken = useEditor((now) => bodyOf(now)[which]);
  const what = which === "inputs" ? "input" : "output";
  const move = (by: -1 | 1) => edit((body) => reorder(body, which, name, by));
  return (
    <li>
      <Text label={`Name of the ${what} ${name}`} value={name} wrong={(to) => to !== name && !isFreeName(taken, to)} onDone={onRename} />
      {children}
      <span className="row-buttons">
        <button type="button" className="small" aria-label={`Move ${name} up`} onClick={() => move(-1)}>
          ↑
        </button>
        <button type="button" className="small" aria-label={`Move ${name} down`} onClick={() => move(1)}>
          ↓
        </button>
        <button type="button" className="small" aria-label={`Remove the ${what} ${name}`} onClick={onRemove}>
          ×
        </button>
      </span>
    </li>
  );
}

function Input({ name, decl }: { name: string; decl: InputDecl }) {
  const kinds = useEditor((now) => [...(now.catalog?.kinds.keys() ?? [])].join());
  const types = [...TYPES, "any", ...kinds.split(",")];
  const change = (next: InputDecl, key = "") => edit((body: Body) => setInput(body, name, next), key);
  const numeric = decl.type === "int" || decl.type === "float";
  const bound = (which: "min" | "max") => (
    <label>
      {which} <Text label={`${which} of ${name}`} value={decl[which]?.toString() ?? ""} wrong={(text) => !Number.isFinite(Number(text))} onDone={(text) => change({ ...decl, [which]: text.trim() ? Number(text) : undefined })} />
    </label>
  );
  return (
    <Row which="inputs" name={name} onRename={(to) => editWhole((root) => renameInput(root, state().path, name, to))} onRemove={() => editWhole((root) => dropInput(root, state().path, name))}>
      <select aria-label={`Type of ${name}`} value={decl.type} onChange={(event) => change(retype(decl, event.target.value))}>
        {(types.includes(decl.type) ? types : [decl.type, ...types]).map((type) => (
          <option key={type}>{type}</option>
        ))}
      </select>
      <Default name={name} decl={decl} onChange={change} />
      {numeric && bound("min")}
      {numeric && bound("max")}
      {decl.type === "choice" && (
        <label>
          choices <Text label={`Choices of ${name}`} value={(decl.choices ?? []).join(", ")} wrong={(text) => text.trim() === ""} onDone={(text) => change(withChoices(decl, text))} />
        </label>
      )}
      <label className="wide">
        description <Text label={`Description of ${name}`} value={decl.description ?? ""} onDone={(description) => change({ ...decl, description })} />
      </label>
    </Row>
  );
}

function withChoices(decl: InputDecl, text: string): InputDecl {
  const choices = text.split(",").map((one) => one.trim()).filter(Boolean);
  return { ...decl, choices, ...(decl.default === undefined || choices.includes(String(decl.default)) ? {} : { default: choices[0] }) };
}

/** What an input is when nothing is given; an input without it is required. */
function Default({ name, decl, onChange }: { name: string; decl: InputDecl; onChange: (next: InputDecl, key?: string) => void }) {
  const catalog = useEditor((now) => now.catalog)!;
  const widget = declaredWidget(decl, catalog);
  const Widget = widgetFor(widget);
  if (!Widget) return <span className="about">needed</span>;
  const needed = decl.default === undefined;
  return (
    <>
      <label>
        <input type="checkbox" checked={needed} onChange={(event) => onChange({ ...decl, default: event.target.checked ? undefined : startOf(widget.type, decl) })} /> needed
      </label>
      {!needed && (
        <span className="control">
          <Widget id={`face-${name}`} label={`Default of ${name}`} widget={{ ...widget, rows: 1 }} value={decl.default} onChange={(value) => onChange({ ...decl, default: value }, `face:${name}`)} onDone={sealHistory} />
        </span>
      )}
    </>
  );
}

function startOf(widget: string, decl: InputDecl): unknown {
  if (widget === "toggle") return false;
  if (widget === "list") return [];
  if (widget === "choice") return decl.choices?.[0];
  return widget === "text" || widget === "file" ? "" : (decl.min ?? 0);
}

interface TextProps {
  label: string;
  value: string;
  wrong?: (text: string) => boolean;
  onDone: (text: string) => void;
}

/** A text that is taken when it is left, and put back when it is wrong. */
function Text({ label, value, wrong, onDone }: TextProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const bad = typed !== null && (wrong?.(typed) ?? false);
  const take = () => {
    if (typed !== null && !bad && typed !== value) onDone(typed);
    setTyped(null);
  };
  return <input type="text" aria-label={label} aria-invalid={bad || undefined} autoComplete="off" value={typed ?? value} onChange={(event) => setTyped(event.target.value)} onBlur={take} onKeyDown={(event) => event.key === "Enter" && take()} />;
}
