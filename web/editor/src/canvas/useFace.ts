/** What a node on the canvas is made of; it changes only when something that it is made of changes. */

import { useMemo } from "react";
import type { Socket } from "../api/types";
import { faceOf, isMapped, typeOf, type Face } from "../graph/catalog";
import { INPUTS, type Body, type NodeEntry } from "../graph/document";
import { bodyOf, outerOf, state, useEditor } from "../state/store";

const EMPTY: Face = { title: "", summary: "", category: "", inputs: [], outputs: [], known: true };

export function useEntry(id: string): NodeEntry | undefined {
  return useEditor((now) => bodyOf(now).nodes[id]);
}

export function useFace(id: string, entry: NodeEntry | undefined): Face {
  const catalog = useEditor((now) => now.catalog);
  const around = useEditor((now): unknown => (id === INPUTS ? bodyOf(now).inputs : entry && catalog?.nodes.has(entry.node) ? null : bodyOf(now)));
  return useMemo(() => {
    const body: Body = bodyOf(state());
    const there = id === INPUTS || id in body.nodes;
    return catalog && there ? faceOf(id, body, catalog, outerOf(state())) : EMPTY;
    // `entry` and `around` are what of the body the face depends on.
  }, [id, entry, around, catalog]);
}

/** The type that an output gives, which for some depends on what comes in. */
export function useGiven(id: string, entry: NodeEntry | undefined, socket: Socket): string {
  return useEditor((now) => {
    if (!now.catalog || (!socket.variable && !isMapped(entry))) return socket.type;
    return typeOf(id, socket.name, bodyOf(now), now.catalog, outerOf(now));
  });
}
