import { Handle, Position } from "@xyflow/react";
import { createContext, useContext, type CSSProperties } from "react";
import type { Socket } from "../api/types";
import { colorOf } from "../graph/catalog";
import { shortType } from "../graph/judge";
import { useEditor } from "../state/store";
import { breakPort, clickPort, takeEnd, wireFrom } from "./wiring";

interface PortProps {
  node: string;
  socket: Socket;
  type: string;
  side: "source" | "target";
  linked: boolean;
  /** Of a collapsed node: no wire begins or ends here by hand. */
  fixed?: boolean;
}

/** Whether the node around is selected: only then are its ports stops of the Tab key, or there would be too many. */
export const Chosen = createContext(false);

/** Where wires begin and end: coloured by kind, a square for lists, and dim while a wire is drawn that does not fit. */
export function Port({ node, socket, type, side, linked, fixed }: PortProps) {
  const catalog = useEditor((state) => state.catalog);
  const fit = useEditor((state) => {
    if (!state.fitting || !state.wire || (state.wire.node === node && state.wire.port === socket.name)) return "";
    return (state.wire.side !== side) !== Boolean(state.wire.all) && state.fitting.has(`${node}.${socket.name}`) ? " fits" : " unfit";
  });
  const chosen = useContext(Chosen);
  const shape = type.startsWith("list[") ? " list" : type === "any" ? " any" : "";
  const must = side === "target" && socket.required && !linked && socket.widget?.type === "link" ? " wanted" : "";
  return (
    <Handle
      id={socket.name}
      type={side}
      isConnectable={!fixed}
      position={side === "source" ? Position.Right : Position.Left}
      className={`port nokey${shape}${fit}${must}${linked ? " linked" : ""}`}
      style={{ "--kind": colorOf(type, catalog) } as CSSProperties}
      title={`${socket.name}: ${shortType(type)}${socket.required ? ", needed" : ""}`}
      aria-label={`${side === "source" ? "output" : "input"} ${socket.name} of ${node}, ${shortType(type)}`}
      role="button"
      tabIndex={chosen && !fixed ? 0 : -1}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        wireFrom(node, { node, port: socket.name, side });
      }}
      onPointerDown={(event) => {
        if (!event.altKey) return;
        event.stopPropagation();
        breakPort(node, socket.name, side);
      }}
      onClick={(event) => !event.altKey && !fixed && clickPort({ node, port: socket.name, side })}
      onMouseDownCapture={(event) => {
        if (event.altKey || (side === "target" && takeEnd(event, node, socket.name))) event.stopPropagation();
      }}
    />
  );
}
