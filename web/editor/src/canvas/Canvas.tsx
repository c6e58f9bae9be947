import {
  applyNodeChanges,
  Background,
  ConnectionMode,
  MiniMap,
  ReactFlow,
  type Connection,
  type EdgeChange,
  type FinalConnectionState,
  type NodeChange,
  type OnConnectStartParams,
} from "@xyflow/react";
import { useEffect, useMemo, useRef } from "react";
import type { Edge } from "../graph/edges";
import { connect, disconnect, place } from "../graph/edit";
import { lookOf } from "../graph/looks";
import { edit } from "../state/document";
import { tell } from "../state/notes";
import { flowNodes, setFlow, useFlow, type FlowNode } from "../state/flow";
import { bodyOf, set, state, useEditor } from "../state/store";
import { carried, highlight, isDragging, snapped, startDrag, stopDrag } from "./dragging";
import { dropFile } from "./drop";
import { EdgeView, type WireEdge } from "./EdgeView";
import { FrameView } from "./FrameView";
import { canvasMenu, nodeMenu, wireMenu } from "./menus";
import { NodeView } from "./NodeView";
import { NoteView } from "./NoteView";
import { OverviewWires } from "./OverviewWires";
import { Stroke } from "./Stroke";
import { useEdges } from "./useEdges";
import { firstLook, MANY, MIN_ZOOM, onCanvas, pointAt, showBeginning, useInstance } from "./view";
import { addPoint, beginWire, draw, drawToNode, endWire, moveAll, verdict, wireOf } from "./wiring";
import { WireHint } from "./WireHint";

const NODE_TYPES = { stage: NodeView, frame: FrameView, note: NoteView };
const EDGE_TYPES = { wire: EdgeView };
const MAP_UNTIL = 500;
const FAR = 0.3;
const OVERVIEW = 0.25;
const FARTHEST = 0.12;
const NONE: WireEdge[] = [];

/** The canvas: the document's nodes and wires, and every gesture on them. */
export function Canvas() {
  const flow = useFlow((now) => now.nodes);
  const [edges, byId] = useEdges();
  const wires = useMemo(() => [...byId.values()], [byId]);
  const drawnAsOne = useEditor((now) => now.overview) && edges.length > MANY;
  const ctrl = useRef(false);
  const shell = useRef<HTMLDivElement>(null);
  const minimap = useEditor((now) => now.settings.minimap);

  useEffect(() => {
    const timer = setTimeout(() => (state().welcome ? showBeginning() : firstLook()), 60);
    return () => clearTimeout(timer);
  }, []);

  function onNodesChange(changes: NodeChange<FlowNode>[]) {
    const all = carried(snapped(changes, ctrl.current));
    setFlow(applyNodeChanges(all, flowNodes()).map(forgetGuesses));
    if (isDragging()) return;
    const moves = all.filter((one) => one.type === "position" && one.position && !one.dragging);
    const positions = Object.fromEntries(moves.map((one) => (one.type === "position" ? [one.id, one.position!] : ["", { x: 0, y: 0 }])));
    if (moves.length > 0) edit((body) => place(body, positions), `move:${Object.keys(positions).join()}`);
  }

  function onEdgesChange(changes: EdgeChange<WireEdge>[]) {
    const chosen = new Set(state().selectedEdges);
    for (const one of changes) {
      if (one.type !== "select") continue;
      if (one.selected) chosen.add(one.id);
      else chosen.delete(one.id);
    }
    set({ selectedEdges: chosen });
  }

  function onConnectStart(event: MouseEvent | TouchEvent, { nodeId, handleId, handleType }: OnConnectStartParams) {
    if (nodeId && handleId && handleType) beginWire({ node: nodeId, port: handleId, side: handleType }, event.shiftKey && handleType === "source");
  }

  function onConnectEnd(event: MouseEvent | TouchEvent, connection: FinalConnectionState) {
    const { wire } = state();
    endWire();
    if (!wire || connection.isValid) return;
    if (wire.all) return void (connection.toHandle?.id && moveAll(wire, connection.toHandle));
    if (connection.toHandle?.id && !isCollapsed(connection.toHandle.nodeId)) {
      const { nodeId, id, type } = connection.toHandle;
      if (type === wire.side) return void (nodeId !== wire.node && tell("Not wired: a wire goes from an output to an input"));
      return void draw(wireOf(wire, nodeId, id));
    }
    const at = "clientX" in event ? { x: event.clientX, y: event.clientY } : { x: event.changedTouches[0]!.clientX, y: event.changedTouches[0]!.clientY };
    const node = document.elementFromPoint(at.x, at.y)?.closest(".react-flow__node")?.getAttribute("data-id");
    if (node && node !== wire.node) drawToNode(wire, node);
    else if (!node && !event.shiftKey) set({ dialog: { kind: "palette", at, wire } });
  }

  function onReconnectEnd(edge: Edge | undefined, connection: FinalConnectionState) {
    endWire();
    if (edge && !connection.toHandle) edit((body) => disconnect(body, [edge]));
  }

  return (
    <div
      className="canvas"
      ref={shell}
      onPointerMoveCapture={(event) => {
        ctrl.current = event.ctrlKey || event.metaKey;
        pointAt({ x: event.clientX, y: event.clientY });
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const file = event.dataTransfer.files[0];
        if (file) void dropFile(file, onCanvas({ x: event.clientX, y: event.clientY }), event.shiftKey);
      }}
      onDoubleClick={(event) => {
        const target = event.target as Element;
        if (target.classList.contains("react-flow__pane")) set({ dialog: { kind: "palette", at: { x: event.clientX, y: event.clientY }, wire: null } });
      }}
    >
      <ReactFlow<FlowNode, WireEdge>
        nodes={flow}
        edges={drawnAsOne ? NONE : edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onInit={useInstance}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onNodeDragStart={(event, _, nodes) => startDrag(event, nodes)}
        onNodeDragStop={(event) => stopDrag(event, byId)}
        onNodeDrag={(event, node) => highlight(event, node.id, byId)}
        onConnectStart={onConnectStart}
        onConnect={(wire) => {
          endWire();
          if (isWhole(wire)) draw({ source: wire.source, output: wire.sourceHandle, target: wire.target, input: wire.targetHandle });
        }}
        onConnectEnd={onConnectEnd}
        isValidConnection={(wire) => isWhole(wire) && verdict({ source: wire.source, output: wire.sourceHandle, target: wire.target, input: wire.targetHandle }).ok}
        onReconnectStart={(_, edge, handle) => {
          // The end that is held moves; the wire hangs on the other one.
          beginWire(handle === "target" ? { node: edge.target, port: edge.targetHandle!, side: "target" } : { node: edge.source, port: edge.sourceHandle!, side: "source" });
        }}
        onReconnect={(old, wire) => {
          endWire();
          const edge = byId.get(old.id);
          if (edge && isWhole(wire)) move(edge, wire);
        }}
        onReconnectEnd={(_, edge, _handle, connection) => onReconnectEnd(byId.get(edge.id), connection)}
        onEdgeDoubleClick={(event, { id }) => addPoint(byId.get(id), event)}
        onEdgeClick={(event, { id }) => event.altKey && addPoint(byId.get(id), event)}
        onPaneClick={endWire}
        onNodeContextMenu={(event, { id }) => nodeMenu(event, id)}
        onSelectionContextMenu={(event, [first]) => first && nodeMenu(event, first.id)}
        onEdgeContextMenu={(event, { id }) => wireMenu(event, id)}
        onPaneContextMenu={canvasMenu}
        onMove={(_, { zoom }) => {
          shell.current?.classList.toggle("far", zoom < FAR);
          shell.current?.classList.toggle("farthest", zoom < FARTHEST);
          if (state().overview !== zoom < OVERVIEW) set({ overview: zoom < OVERVIEW });
        }}
        connectionMode={ConnectionMode.Strict}
        connectionRadius={24}
        connectOnClick={false}
        reconnectRadius={14}
        deleteKeyCode={null}
        multiSelectionKeyCode={["Control", "Meta"]}
        panOnDrag={[0, 1]}
        zoomOnDoubleClick={false}
        minZoom={MIN_ZOOM}
        maxZoom={3}
        onlyRenderVisibleElements={flow.length > MANY}
        disableKeyboardA11y={false}
        nodeDragThreshold={2}
        ariaLabelConfig={{ "node.a11yDescription.default": "Enter selects the node, arrow keys move it, Delete removes it." }}
      >
        <Background gap={24} />
        {minimap && flow.length <= MAP_UNTIL && <MiniMap pannable zoomable ariaLabel="Map of the workflow" nodeColor={(node) => (node.type === "stage" ? "var(--map-node)" : "var(--map-mask)")} maskColor="var(--map-mask)" />}
        {drawnAsOne && <OverviewWires edges={wires} />}
        <WireHint />
        <Stroke shell={shell} />
      </ReactFlow>
      {flow.length === 0 && <Empty />}
    </div>
  );
}

function Empty() {
  return (
    <div className="empty">
      <p>Nothing here yet.</p>
      <p>
        Press <kbd>Space</kbd> or double-click to add a node, <kbd>Ctrl+O</kbd> to open a workflow, or drop a file. <kbd>?</kbd> shows all keys.
      </p>
    </div>
  );
}

const isCollapsed = (node: string) => lookOf(bodyOf(state()), node)?.collapsed === true;

/** A node that was drawn has real ports; those that were guessed would hide them. */
function forgetGuesses(node: FlowNode): FlowNode {
  return node.handles && node.measured ? { ...node, handles: undefined } : node;
}

type Whole = { source: string; target: string; sourceHandle: string; targetHandle: string };

function isWhole(wire: Connection | WireEdge): wire is (Connection | WireEdge) & Whole {
  return Boolean(wire.sourceHandle && wire.targetHandle);
}

function move(edge: Edge, { source, sourceHandle, target, targetHandle }: Whole): void {
  if (source === edge.source && sourceHandle === edge.output && target === edge.target && targetHandle === edge.input) return;
  const wire = { source, output: sourceHandle, target, input: targetHandle };
  const found = verdict(wire);
  if (!found.ok) return void draw(wire);
  edit((body) => connect(disconnect(body, [edge]), wire, found.how));
}
