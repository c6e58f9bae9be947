/** Two texts line by line: what stayed, what went, what came. */

export interface Line {
  kind: "same" | "gone" | "new";
  text: string;
}

const MOST = 4_000_000;

/** The shortest way from one text to the other; texts too long to compare are shown as gone and new. */
export function compareLines(before: string, after: string): Line[] {
  const a = before.split("\n");
  const b = after.split("\n");
  if (a.length * b.length > MOST) return [...a.map(gone), ...b.map(fresh)];
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1]! + 1 : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
  const found: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      found.push({ kind: "same", text: a[i]! });
      i++;
      j++;
    } else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) found.push(gone(a[i++]!));
    else found.push(fresh(b[j++]!));
  }
  return [...found, ...a.slice(i).map(gone), ...b.slice(j).map(fresh)];
}

const gone = (text: string): Line => ({ kind: "gone", text });
const fresh = (text: string): Line => ({ kind: "new", text });
