import type { NodeProps } from "@xyflow/react";
import { memo, type CSSProperties } from "react";
import type { Face } from "../graph/catalog";
import { INPUTS, linksOf, type NodeEntry } from "../graph/document";
import { setTitle } from "../graph/edit";
import { lookOf, tint, toggleLook } from "../graph/looks";
import { problemsOf } from "../graph/progress";
import { portsOf, sizeOf } from "../graph/size";
import { Failure } from "../panels/Failure";
import { subgraphKey } from "../graph/subgraphs";
import { edit } from "../state/document";
import type { FlowNode } from "../state/flow";
import { bodyOf, useEditor } from "../state/store";
import { enterSubgraph } from "../state/subgraphs";
import { InputRow } from "./InputRow";
import { NodePicture } from "./NodePicture";
import { OutputRow } from "./OutputRow";
import { Chosen, Port } from "./Port";
import { RunBadge } from "./RunBadge";
import { Title } from "./Title";
import { useEntry, useFace } from "./useFace";
import { nodeRun, useFailure, useStatus } from "./useRun";

/** A node as a whole, or, from far away, as a box with its title: what cannot be read there is not made. */
export const NodeView = memo(function NodeView({ id, height, selected }: NodeProps<FlowNode>) {
  const overview = useEditor((now) => now.overview);
  return overview ? <Box id={id} height={height} /> : <Stage id={id} selected={selected ?? false} />;
});

/** A change of height makes React Flow look for the ports again, whenever a node turns into a box and back. */
const NUDGE = 0.3;

function Box({ id, height }: { id: string; height: number | undefined }) {
  const entry = useEntry(id);
  const face = useFace(id, entry);
  const status = useStatus(id);
  return (
    <div className={`stage box${status}`} style={{ height: (height ?? sizeOf(id, face, entry).height) + NUDGE }}>
      <span className="name">{face.title}</span>
      {portsOf(id, face, entry).map(({ id: port, side, x, y }) => (
        <i key={`${side}.${port}`} className={side} data-handleid={port} data-handlepos={side === "source" ? "right" : "left"} style={{ left: x, top: y }} />
      ))}
    </div>
  );
}

/** Its title, its outputs, its inputs with their widgets, its picture, and what went wrong. */
function Stage({ id, selected }: { id: string; selected: boolean }) {
  const entry = useEntry(id);
  const face = useFace(id, entry);
  const decls = id === INPUTS;
  const status = useStatus(id);
  const failure = useFailure(id);
  const problems = useEditor((now) => problemsOf(now.problems, id));
  const subgraph = subgraphKey(entry);
  const look = useEditor((now) => lookOf(bodyOf(now), id));
  const collapsed = look?.collapsed === true;
  const color = tint(look?.color);
  return (
    <div className={`stage${status}${face.known ? "" : " unknown"}${decls ? " inputs" : ""}${entry?.mode ? ` ${entry.mode}` : ""}${color ? " tinted" : ""}`} data-category={face.category} style={color ? ({ "--tint": color } as CSSProperties) : undefined}>
      <div className="title" title={face.summary}>
        <Title id={id} title={face.title} small={!decls && id !== face.title ? id : undefined} fixed={decls} onDone={(text) => edit((body) => setTitle(body, id, text))} />
        {subgraph && (
          <button type="button" className="enter nodrag" aria-label={`Go into ${face.title}`} title="Go into the subgraph" onClick={() => void enterSubgraph(subgraph)}>
            ⤢
          </button>
        )}
        {entry?.mode && <span className="badge mode">{entry.mode === "mute" ? "muted" : "bypassed"}</span>}
        {!entry?.mode && <RunBadge node={id} />}
        {collapsed && (
          <button type="button" className="enter nodrag" aria-label={`Open ${face.title}`} title="Open (Alt+C)" aria-expanded="false" onClick={() => edit((body) => toggleLook(body, [id], "collapsed"))}>
            ▸
          </button>
        )}
      </div>
      <Progress id={id} />
      {collapsed ? <Stacked id={id} face={face} entry={entry} /> : <Open id={id} face={face} entry={entry} selected={selected} />}
      {!face.known && <p className="error">{face.summary}</p>}
      {failure && <Failure error={failure} />}
      {!failure && problems.length > 0 && (
        <div className="error">
          {problems.map(({ message }) => (
            <p key={message}>{message}</p>
          ))}
        </div>
      )}
    </div>
  );
}

interface PartProps {
  id: string;
  face: Face;
  entry: NodeEntry | undefined;
}

/** All ports, with their widgets, and the picture. */
function Open({ id, face, entry, selected }: PartProps & { selected: boolean }) {
  const decls = id === INPUTS;
  const rows = decls ? face.outputs : face.inputs;
  return (
    <Chosen.Provider value={selected}>
      <div className="ports">
        {!decls && face.outputs.map((socket) => <OutputRow key={socket.name} node={id} entry={entry} socket={socket} only={face.outputs.length === 1} />)}
        {rows.map((socket) => (
          <InputRow key={socket.name} node={id} title={face.title} socket={socket} written={decls ? socket.default : entry?.with?.[socket.name]} linked={!decls && linksOf(entry, socket.name).length > 0} />
        ))}
      </div>
      <NodePicture node={id} title={face.title} />
    </Chosen.Provider>
  );
}

/** Of a collapsed node: its ports one on the other, so that its wires have ends. */
function Stacked({ id, face, entry }: PartProps) {
  return (
    <div className="stacked">
      {face.inputs.map((socket) => (
        <Port key={`to ${socket.name}`} node={id} socket={socket} type={socket.type} side="target" linked={linksOf(entry, socket.name).length > 0} fixed />
      ))}
      {face.outputs.map((socket) => (
        <Port key={`from ${socket.name}`} node={id} socket={socket} type={socket.type} side="source" linked={false} fixed />
      ))}
    </div>
  );
}

function Progress({ id }: { id: string }) {
  const share = useEditor((now) => {
    const run = nodeRun(now, id);
    return run?.state === "running" && run.total > 0 ? run.step / run.total : -1;
  });
  return share < 0 ? null : <progress className="progress" max={1} value={share} aria-label={`Progress of ${id}`} />;
}
