/** The panels beside the canvas: their names, signs and keys. Their commands come from here, and the rail that opens them. */

export const PANELS = [
  { id: "result", title: "Result", sign: "▣", keys: ["R"] },
  { id: "gallery", title: "Gallery", sign: "▦", keys: ["G"] },
  { id: "queue", title: "Queue", sign: "≡", keys: ["Q"] },
  { id: "history", title: "History", sign: "↺", keys: ["H"] },
  { id: "problems", title: "Problems", sign: "⚠", keys: ["!"] },
  { id: "system", title: "System", sign: "⚙", keys: [] },
] as const satisfies readonly { id: string; title: string; sign: string; keys: readonly string[] }[];

export type PanelId = (typeof PANELS)[number]["id"];
