/** Search as people type it: letters in order, best where they begin words. */

/** How well a query is found in a text; null when it is not. */
export function score(query: string, text: string): number | null {
  const wanted = query.toLowerCase().replace(/[\s_.-]+/g, "");
  if (!wanted) return 0;
  const plain = text.toLowerCase();
  const at = plain.indexOf(query.toLowerCase().trim());
  if (at === 0) return 1000 - text.length;
  if (at > 0) return (isStart(plain, at) ? 800 : 500) - at - text.length / 10;
  let total = 0;
  let from = 0;
  let last = -2;
  for (const letter of wanted) {
    const found = next(plain, letter, from);
    if (found < 0) return null;
    total += found === last + 1 ? 8 : isStart(plain, found) ? 10 : 1;
    last = found;
    from = found + 1;
  }
  return total / wanted.length > 4 ? total - text.length / 10 : null;
}

/** The next place of a letter; the beginning of a word before the middle of one. */
function next(text: string, letter: string, from: number): number {
  const near = text.indexOf(letter, from);
  if (near < 0 || near === from || isStart(text, near)) return near;
  for (let at = near; at >= 0; at = text.indexOf(letter, at + 1)) if (isStart(text, at)) return at;
  return near;
}

function isStart(text: string, at: number): boolean {
  return at === 0 || /[\s_./:-]/.test(text[at - 1]!);
}

/** The items in which a query is found, best first; the texts of an item count less the later they come. */
export function search<T>(query: string, items: readonly T[], texts: (item: T) => string[]): T[] {
  if (!query.trim()) return [...items];
  const found: [number, T][] = [];
  for (const item of items) {
    const scores = texts(item).map((text, place) => {
      const one = score(query, text);
      return one === null ? -Infinity : one - place * 300;
    });
    const best = Math.max(...scores);
    if (best > -Infinity) found.push([best, item]);
  }
  return found.sort(([a], [b]) => b - a).map(([, item]) => item);
}
