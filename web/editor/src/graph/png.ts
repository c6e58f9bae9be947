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
