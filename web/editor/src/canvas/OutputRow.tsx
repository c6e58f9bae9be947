import { memo } from "react";
import type { Socket } from "../api/types";
import { declaredAs, toggleOutput } from "../graph/edit";
import type { NodeEntry } from "../graph/document";
import { canLook, type Look } from "../graph/look";
import { edit } from "../state/document";
import { submit } from "../state/runs";
import { bodyOf, useEditor } from "../state/store";
import { Port } from "./Port";
import { useGiven } from "./useFace";

/** One output: its name, its port, and whether it is an output of the workflow. */
export const OutputRow = memo(function OutputRow({ node, entry, socket, only }: { node: string; entry: NodeEntry | undefined; socket: Socket; only: boolean }) {
  const type = useGiven(node, entry, socket);
  const names = useEditor((now) => declaredAs(bodyOf(now), node, socket.name, only).join(", "));
  return (
    <div className="row output">
      <button
        type="button"
        className={`declare nodrag${names ? " on" : ""}`}
        aria-pressed={names !== ""}
        aria-label={`Output of the workflow: ${socket.name} of ${node}`}
        title={names ? `The workflow's output ${names}` : "Make it an output of the workflow"}
        onClick={() => edit((body) => toggleOutput(body, node, socket.name, only))}
      >
        {names ? "◉" : "○"}
      </button>
      {canLook(type) && <Eye node={node} output={socket.name} type={type} />}
      <span>{socket.name}</span>
      <Port node={node} socket={socket} type={type} side="source" linked={false} />
    </div>
  );
});

/** Run to an output and show what it gives, on its node. */
function Eye(look: Look) {
  const inside = useEditor((now) => now.path.length > 0);
  if (inside) return null;
  return (
    <button type="button" className="expose nodrag" aria-label={`Look at ${look.output} of ${look.node}`} title="Run to here and look at it" onClick={() => void submit({ look })}>
      ⊙
    </button>
  );
}
