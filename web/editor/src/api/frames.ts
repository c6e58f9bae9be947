/** Binary messages of the WebSocket: a header's length (4 bytes, little endian), the header as JSON, the picture. */

import type { PreviewHeader } from "./types";

export interface Frame {
  header: PreviewHeader;
  picture: Uint8Array;
}

/** The parts of a binary message, or null when it is none of ours. */
export function readFrame(data: ArrayBuffer): Frame | null {
  if (data.byteLength < 4) return null;
  const length = new DataView(data).getUint32(0, true);
  if (length > data.byteLength - 4) return null;
  try {
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length))) as PreviewHeader;
    return typeof header.node === "string" ? { header, picture: new Uint8Array(data, 4 + length) } : null;
  } catch {
    return null;
  }
}
