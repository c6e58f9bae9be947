import { memo } from "react";
import type { Socket } from "../api/types";
import { declarationOf, exposeInput, removeInput, setValue } from "../graph/edit";
import { INPUTS } from "../graph/document";
import { problemsOf } from "../graph/progress";
import { edit, sealHistory } from "../state/document";
import { useModelNames } from "../state/models";
import { useEditor } from "../state/store";
import { widgetFor } from "../widgets/registry";
import { Port } from "./Port";
import { SeedMode } from "./SeedMode";

interface RowProps {
  node: string;
  title: string;
  socket: Socket;
  /** What is written in the document; undefined where the default holds. */
  written: unknown;
  linked: boolean;
}

/** One input: its port, its name, and its widget as long as no wire feeds it. What is wrong with it is marked here and
    told below the rows, so that no port moves away under a pointer on its way there. */
export const InputRow = memo(function InputRow({ node, title, socket, written, linked }: RowProps) {
  const declared = node === INPUTS;
  const id = `${node}-${socket.name}`;
  const error = useEditor((now) => problemsOf(now.problems, node).find((one) => one.input === socket.name)?.message);
  const names = useModelNames(node, socket.name);
  const Widget = linked ? null : widgetFor(socket.widget);
  const tall = Widget && ((!names && (socket.widget?.rows ?? 1) > 1) || socket.widget?.type === "list" || socket.widget?.type === "file" || socket.widget?.type === "data");
  const changed = written !== undefined && !declared;
  const reset = () => edit((body) => setValue(body, node, socket.name, undefined));
  return (
    <div className={`row${tall ? " tall" : ""}${error ? " wrong" : ""}`} title={error}>
      {!declared && <Port node={node} socket={socket} type={socket.type} side="target" linked={linked} />}
      <label htmlFor={Widget ? id : undefined} className={changed ? "changed" : ""} title={error ? `${error}\n\n${hint(socket)}` : hint(socket)}>
        {socket.name}
      </label>
      {Widget && (
        <span
          className="control"
          onContextMenu={(event) => {
            if (declared || (event.target as Element).matches("textarea,input[type=text]:focus")) return;
            event.preventDefault();
            reset();
          }}
        >
          <Widget
            id={id}
            label={`${title}: ${socket.name}`}
            place={{ node, input: socket.name }}
            widget={socket.widget!}
            value={written === undefined ? socket.default : written}
            names={names}
            invalid={error !== undefined}
            onChange={(value) => edit((body) => setValue(body, node, socket.name, value), `value:${node}.${socket.name}`)}
            onDone={sealHistory}
          />
        </span>
      )}
      {Widget && socket.widget?.type === "seed" && <SeedMode node={node} input={socket.name} label={`${title}: ${socket.name}`} />}
      {Widget && !declared && declarationOf(socket, written) && (
        <button type="button" className="expose nodrag" aria-label={`Make ${socket.name} of ${title} an input of the workflow`} title="Make it an input of the workflow" onClick={() => edit((body) => exposeInput(body, node, socket.name, useEditor.getState().catalog!))}>
          ⇤
        </button>
      )}
      {declared && (
        <button type="button" className="expose nodrag" aria-label={`Remove the input ${socket.name}`} title="Remove this input of the workflow" onClick={() => edit((body) => removeInput(body, socket.name))}>
          ×
        </button>
      )}
      {declared && <Port node={node} socket={socket} type={socket.type} side="source" linked={false} />}
    </div>
  );
});

function hint(socket: Socket): string {
  const { widget, type, description } = socket;
  const range = widget?.low !== undefined && widget.high !== undefined && widget.type !== "seed" ? `, ${widget.low} to ${widget.high}` : "";
  const usual = socket.default !== undefined && socket.default !== null ? `; default ${JSON.stringify(socket.default)}` : "";
  return `${description ? `${description}\n` : ""}${type}${range}${usual}`;
}
