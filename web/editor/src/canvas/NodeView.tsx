import type { NodeProps } from "@xyflow/react";
import { memo } from "react";
import { INPUTS, linksOf } from "../graph/document";
import { setTitle } from "../graph/edit";
import { edit, enter } from "../state/document";
import { set, state, useEditor, type FlowNode } from "../state/store";
import { InputRow } from "./InputRow";
import { NodePicture } from "./NodePicture";
import { OutputRow } from "./OutputRow";
import { Chosen } from "./Port";
import { RunBadge } from "./RunBadge";
import { useEntry, useFace } from "./useFace";

/** A node: its title, its outputs, its inputs with their widgets, its picture, and what went wrong. */
export const NodeView = memo(function NodeView({ id, selected }: NodeProps<FlowNode>) {
  const entry = useEntry(id);
  const face = useFace(id, entry);
  const decls = id === INPUTS;
  const status = useEditor((now) => now.run?.nodes[id]?.state ?? "");
  const failed = useEditor((now) => (now.run?.nodes[id]?.state === "failed" ? now.run.nodes[id].message : ""));
  const problem = useEditor((now) => now.problems.find((one) => one.node === id && !inRow(one.input, face.inputs))?.message);
  const subgraph = entry?.node.startsWith("subgraph:") ? entry.node.slice("subgraph:".length) : "";
  const rows = decls ? face.outputs : face.inputs;
  return (
    <div className={`stage ${status}${face.known ? "" : " unknown"}${decls ? " inputs" : ""}`} data-category={face.category}>
      <div className="title" title={face.summary}>
        <Title id={id} title={face.title} fixed={decls} />
        {subgraph && (
          <button type="button" className="enter nodrag" aria-label={`Go into ${face.title}`} title="Go into the subgraph" onClick={() => void enter([...state().path, subgraph])}>
            ⤢
          </button>
        )}
        <RunBadge node={id} />
      </div>
      <Progress id={id} />
      <Chosen.Provider value={selected}>
        <div className="ports">
          {!decls && face.outputs.map((socket) => <OutputRow key={socket.name} node={id} entry={entry} socket={socket} only={face.outputs.length === 1} />)}
          {rows.map((socket) => (
            <InputRow key={socket.name} node={id} title={face.title} socket={socket} written={decls ? socket.default : entry?.with?.[socket.name]} linked={!decls && linksOf(entry, socket.name).length > 0} />
          ))}
        </div>
      </Chosen.Provider>
      <NodePicture node={id} title={face.title} />
      {!face.known && <p className="error">{face.summary}</p>}
      {(failed || problem) && (
        <p className="error" role="alert">
          {failed || problem}
        </p>
      )}
    </div>
  );
});

const inRow = (input: string, sockets: readonly { name: string }[]) => sockets.some((socket) => socket.name === input);

function Title({ id, title, fixed }: { id: string; title: string; fixed: boolean }) {
  const editing = useEditor((now) => now.renaming === id);
  const setEditing = (on: boolean) => set({ renaming: on ? id : "" });
  const done = (text: string) => {
    setEditing(false);
    if (text.trim() !== title) edit((body) => setTitle(body, id, text.trim()));
  };
  if (!editing) {
    return (
      <span className="name" onDoubleClick={() => setEditing(!fixed)}>
        {title}
        {!fixed && id !== title && <small>{id}</small>}
      </span>
    );
  }
  return (
    <input
      className="name nodrag"
      aria-label={`Title of ${id}`}
      defaultValue={title}
      autoFocus
      onFocus={(event) => event.target.select()}
      onBlur={(event) => done(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") done(event.currentTarget.value);
        if (event.key === "Escape") setEditing(false);
      }}
    />
  );
}

function Progress({ id }: { id: string }) {
  const share = useEditor((now) => {
    const run = now.run?.nodes[id];
    return run?.state === "running" && run.total > 0 ? run.step / run.total : -1;
  });
  return share < 0 ? null : <progress className="progress" max={1} value={share} aria-label={`Progress of ${id}`} />;
}
