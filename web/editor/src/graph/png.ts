/** The workflow inside a PNG that the engine saved: an iTXt chunk with the keyword `workflow`. */

import { isWorkflow, type Workflow } from "./document";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const KEYWORD = "workflow";

export async function workflowInPng(bytes: Uint8Array): Promise<Workflow | null> {
  if (!SIGNATURE.every((byte, index) => bytes[index] === byte)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (kind === "IEND" || at + 12 + length > bytes.length) return null;
    if (kind === "iTXt") {
      const text = await textOf(bytes.subarray(at + 8, at + 8 + length));
      const found = text === null ? null : parse(text);
      if (found) return found;
    }
    at += 12 + length;
  }
  return null;
}

/** keyword 0 compressed method language 0 translated 0 text */
async function textOf(chunk: Uint8Array): Promise<string | null> {
  const end = chunk.indexOf(0);
  if (end < 0 || new TextDecoder("latin1").decode(chunk.subarray(0, end)) !== KEYWORD) return null;
  const compressed = chunk[end + 1] === 1;
  const language = chunk.indexOf(0, end + 3);
  const translated = chunk.indexOf(0, language + 1);
  if (language < 0 || translated < 0) return null;
  const body = chunk.slice(translated + 1);
  if (!compressed) return new TextDecoder().decode(body);
  const stream = new Blob([body]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

function parse(text: string): Workflow | null {
  try {
    const data: unknown = JSON.parse(text);
    return isWorkflow(data) ? data : null;
  } catch {
    return null;
  }
}

/** The same PNG with the workflow inside, as the engine writes it. */
export function withWorkflow(bytes: Uint8Array, workflow: Workflow): Uint8Array {
  const text = new TextEncoder().encode(`${KEYWORD}\0\0\0\0\0${JSON.stringify(workflow)}`);
  const end = bytes.length - 12;
  const found = new Uint8Array(bytes.length + text.length + 12);
  found.set(bytes.subarray(0, end));
  found.set(chunk("iTXt", text), end);
  found.set(bytes.subarray(end), end + text.length + 12);
  return found;
}

function chunk(kind: string, body: Uint8Array): Uint8Array {
  const found = new Uint8Array(body.length + 12);
  const view = new DataView(found.buffer);
  view.setUint32(0, body.length);
  found.set(new TextEncoder().encode(kind), 4);
  found.set(body, 8);
  view.setUint32(8 + body.length, crc(found.subarray(4, 8 + body.length)));
  return found;
}

function crc(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
