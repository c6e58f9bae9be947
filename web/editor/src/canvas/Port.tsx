import { Handle, Position } from "@xyflow/react";
import type { CSSProperties } from "react";
import type { Socket } from "../api/types";
import { colorOf } from "../graph/catalog";
import { shortType } from "../graph/judge";
import { useEditor } from "../state/store";
import { breakPort } from "./wiring";

interface PortProps {
  node: string;
  socket: Socket;
  type: string;
  side: "source" | "target";
  linked: boolean;
}

/** Where wires begin and end: coloured by kind, a square for lists, and dim while a wire is drawn that does not fit. */
export function Port({ node, socket, type, side, linked }: PortProps) {
  const catalog = useEditor((state) => state.catalog);
  const fit = useEditor((state) => {
    if (!state.fitting || !state.wire || (state.wire.node === node && state.wire.port === socket.name)) return "";
    return state.wire.side !== side && state.fitting.has(`${node}.${socket.name}`) ? " fits" : " unfit";
  });
  const shape = type.startsWith("list[") ? " list" : type === "any" ? " any" : "";
  const must = side === "target" && socket.required && !linked && socket.widget?.type === "link" ? " wanted" : "";
  return (
    <Handle
      id={socket.name}
      type={side}
      position={side === "source" ? Position.Right : Position.Left}
      className={`port${shape}${fit}${must}${linked ? " linked" : ""}`}
      style={{ "--kind": colorOf(type, catalog) } as CSSProperties}
      title={`${socket.name}: ${shortType(type)}${socket.required ? ", needed" : ""}`}
      aria-label={`${side === "source" ? "output" : "input"} ${socket.name} of ${node}, ${shortType(type)}`}
      onPointerDown={(event) => {
        if (!event.altKey) return;
        event.stopPropagation();
        breakPort(node, socket.name, side);
      }}
      onMouseDownCapture={(event) => {
        if (event.altKey) event.stopPropagation();
      }}
    />
  );
}
