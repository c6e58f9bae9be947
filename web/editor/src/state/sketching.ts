/** Painting a sketch of the workflow as a PNG, in the colours of the theme that is on. */

import type { Sketch, SketchBox } from "../graph/sketch";

const LARGEST = 8192;
const FONT = '"DejaVu Sans", system-ui, sans-serif';
const ROUND = 8;
const HEAD = 32;

export async function paintSketch(drawing: Sketch): Promise<Uint8Array> {
  const scale = Math.min(2, LARGEST / Math.max(drawing.width, drawing.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(drawing.width * scale);
  canvas.height = Math.ceil(drawing.height * scale);
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  context.translate(-drawing.x, -drawing.y);
  context.fillStyle = resolve("var(--ground)");
  context.fillRect(drawing.x, drawing.y, drawing.width, drawing.height);
  for (const box of drawing.boxes) if (box.kind !== "node") paintThing(context, box);
  for (const { from, to, color } of drawing.wires) {
    const bend = Math.max(40, Math.abs(to.x - from.x) / 2);
    context.strokeStyle = resolve(color);
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.bezierCurveTo(from.x + bend, from.y, to.x - bend, to.y, to.x, to.y);
    context.stroke();
  }
  for (const box of drawing.boxes) if (box.kind === "node") paintNode(context, box);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new Error("The browser could not paint so large a picture");
  return new Uint8Array(await blob.arrayBuffer());
}

/** `var(--plain)` as the colour that it stands for now. */
function resolve(color: string): string {
  const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  return name ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : color;
}

function paintThing(context: CanvasRenderingContext2D, { kind, x, y, width, height, title, color }: SketchBox): void {
  context.strokeStyle = resolve(color || "var(--line)");
  context.fillStyle = resolve(kind === "note" ? "var(--raised)" : "var(--panel)");
  rectangle(context, x, y, width, height);
  words(context, title.split("\n")[0]!, x + 10, y + 20, width - 20, `600 13px ${FONT}`, "var(--text)");
}

function paintNode(context: CanvasRenderingContext2D, box: SketchBox): void {
  const { x, y, width, height, title, color, rows } = box;
  context.fillStyle = resolve("var(--panel)");
  context.strokeStyle = resolve("var(--line)");
  rectangle(context, x, y, width, height);
  context.fillStyle = resolve(color || "var(--raised)");
  context.beginPath();
  context.roundRect(x, y, width, Math.min(HEAD, height), [ROUND, ROUND, height <= HEAD ? ROUND : 0, height <= HEAD ? ROUND : 0]);
  context.fill();
  words(context, title, x + 12, y + 20, width - 24, `600 13px ${FONT}`, "var(--text)");
  for (const row of rows) {
    const at = y + row.y;
    context.fillStyle = resolve(row.color);
    context.beginPath();
    context.arc(row.right ? x + width : x, at, 5, 0, 2 * Math.PI);
    context.fill();
    if (height <= HEAD + 8) continue;
    context.textAlign = row.right && !row.value ? "right" : "left";
    words(context, row.text, context.textAlign === "right" ? x + width - 12 : x + 12, at + 4, width / 2 - 16, `12px ${FONT}`, "var(--quiet)");
    context.textAlign = "right";
    if (row.value) words(context, row.value, x + width - 12, at + 4, width / 2 - 8, `12px ${FONT}`, "var(--text)");
    context.textAlign = "left";
  }
}

function rectangle(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(x, y, width, height, ROUND);
  context.fill();
  context.stroke();
}

/** A text that is cut where its place ends, rather than pressed together. */
function words(context: CanvasRenderingContext2D, text: string, x: number, y: number, most: number, font: string, color: string): void {
  context.font = font;
  context.fillStyle = resolve(color);
  let shown = text;
  while (shown.length > 1 && context.measureText(shown).width > most) shown = `${shown.slice(0, -2)}…`;
  context.fillText(shown, x, y);
}
