/** Words of a prompt made stronger or weaker, in the common way of writing: `a (red:1.2) circle`. */

export interface Marked {
  text: string;
  start: number;
  end: number;
}

const STEP = 0.1;
const WEIGHTED = /^\((.*):(\d*\.?\d+)\)$/s;

/** Change the weight of what is selected, or of the word under the caret, by steps of a tenth; at 1 the marks go. */
export function reweigh({ text, start, end }: Marked, steps: number): Marked {
  const [from, to] = around(text, ...(start === end ? wordAt(text, start) : trimmed(text, start, end)));
  if (from === to) return { text, start, end };
  const found = WEIGHTED.exec(text.slice(from, to));
  const words = found ? found[1]! : text.slice(from, to);
  const weight = Math.max(0, Math.round(((found ? Number(found[2]) : 1) + steps * STEP) * 10) / 10);
  const written = weight === 1 ? words : `(${words}:${weight})`;
  return { text: text.slice(0, from) + written + text.slice(to), start: from, end: from + written.length };
}

function wordAt(text: string, at: number): [number, number] {
  const before = /[^\s,()]*$/.exec(text.slice(0, at))![0].length;
  const after = /^[^\s,()]*/.exec(text.slice(at))![0].length;
  const word = /:\d*\.?\d*$/.exec(text.slice(at - before, at + after));
  return [at - before, at + after - (word ? word[0].length : 0)];
}

function trimmed(text: string, start: number, end: number): [number, number] {
  const inside = text.slice(start, end);
  return [start + inside.length - inside.trimStart().length, end - (inside.length - inside.trimEnd().length)];
}

/** With the marks around the words, when they have some. */
function around(text: string, start: number, end: number): [number, number] {
  const mark = /^:\d*\.?\d+\)/.exec(text.slice(end));
  return mark && text[start - 1] === "(" ? [start - 1, end + mark[0].length] : [start, end];
}
