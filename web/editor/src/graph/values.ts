/** Values as text, and back. */

/** One element a line; a line that is a number or a whole of JSON is one, every other is a text. */
export function readList(text: string): unknown[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map(readElement);
}

function readElement(line: string): unknown {
  if (!/^(-?\d|\[|\{|"|true$|false$|null$)/.test(line)) return line;
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return line;
  }
}

export function writeList(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value);
  return value.map((one: unknown) => (typeof one === "string" && readElement(one) === one && !one.includes("\n") && one.trim() === one ? one : JSON.stringify(one))).join("\n");
}
