import { useEffect, useRef } from "react";
import type { Face } from "../graph/catalog";
import { INPUTS, linksOf } from "../graph/document";
import { edgesOf } from "../graph/edges";
import { declaredAs, removeNodes, setTitle, toggleOutput } from "../graph/edit";
import { edit } from "../state/document";
import { bodyOf, outerOf, state, useEditor } from "../state/store";
import { OutlineInput } from "./OutlineInput";

interface OutlineNodeProps {
  name: string;
  face: Face;
  open: boolean;
  fedBy: string;
  onToggle: () => void;
  onGo: (name: string) => void;
}

/** A node as a row; open, all that can be done with it on the canvas. */
export function OutlineNode({ name, face, open, fedBy, onToggle, onGo }: OutlineNodeProps) {
  const status = useEditor((now) => now.run?.nodes[name]?.state ?? now.plan[name]?.state ?? "");
  const type = useEditor((now) => bodyOf(now).nodes[name]?.node ?? "what the workflow asks for");
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (open) button.current?.focus();
  }, [open]);
  return (
    <>
      <tr>
        <th scope="row">
          <button type="button" ref={button} aria-expanded={open} className="choice" onClick={onToggle}>
            <span aria-hidden="true">{open ? "▾" : "▸"}</span> {face.title} <small>{name}</small>
          </button>
        </th>
        <td>{type}</td>
        <td>{fedBy}</td>
        <td>{status === "run" ? "will run" : status}</td>
      </tr>
      {open && (
        <tr className="open">
          <td colSpan={4}>
            <Inside name={name} face={face} onGo={onGo} />
          </td>
        </tr>
      )}
    </>
  );
}

function Inside({ name, face, onGo }: Pick<OutlineNodeProps, "name" | "face" | "onGo">) {
  const entry = useEditor((now) => bodyOf(now).nodes[name]);
  const problem = useEditor((now) => now.problems.find((one) => one.node === name)?.message);
  const declared = name === INPUTS;
  const rows = declared ? face.outputs : face.inputs;
  return (
    <div className="inside">
      {face.summary && <p className="about">{face.summary}</p>}
      {problem && <p className="error">{problem}</p>}
      {!declared && (
        <p className="pair">
          <label>
            Title <input key={face.title} defaultValue={entry?.title ?? ""} placeholder={face.title} onBlur={(event) => event.target.value !== (entry?.title ?? "") && edit((body) => setTitle(body, name, event.target.value.trim()))} />
          </label>
          <button type="button" className="cancel" onClick={() => edit((body) => removeNodes(body, [name]))}>
            Delete {name}
          </button>
        </p>
      )}
      {rows.map((socket) => (
        <OutlineInput key={socket.name} node={name} title={face.title} socket={socket} written={declared ? socket.default : entry?.with?.[socket.name]} links={declared ? [] : linksOf(entry, socket.name)} />
      ))}
      {face.outputs.length > 0 && <Outputs name={name} face={face} onGo={onGo} />}
    </div>
  );
}

function Outputs({ name, face, onGo }: Pick<OutlineNodeProps, "name" | "face" | "onGo">) {
  const body = useEditor(bodyOf);
  const catalog = useEditor((now) => now.catalog)!;
  const only = face.outputs.length === 1;
  const edges = edgesOf(body, catalog, outerOf(state())).filter((edge) => edge.source === name);
  return (
    <ul aria-label={`Outputs of ${name}`}>
      {face.outputs.map(({ name: output, type }) => (
        <li key={output}>
          <strong>{output}</strong> <small>{type}</small>
          {name !== INPUTS && (
            <label>
              <input type="checkbox" checked={declaredAs(body, name, output, only).length > 0} onChange={() => edit((old) => toggleOutput(old, name, output, only))} /> an output of the workflow
            </label>
          )}
          {edges
            .filter((edge) => edge.output === output)
            .map((edge) => (
              <button key={edge.id} type="button" className="small" onClick={() => onGo(edge.target)}>
                feeds {edge.input} of {edge.target}
              </button>
            ))}
        </li>
      ))}
    </ul>
  );
}
