/** Numbers as people enter them: sums, bounds, steps. */

/** The value of `512*2` or `(3+1)/8`; null for what is none. Digits, + - * / ( ) . e and nothing else is understood. */
export function evaluate(text: string): number | null {
  const tokens = text.replace(/\s+/g, "").match(/\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|[-+*/()]|./gi) ?? [];
  let at = 0;

  function sum(): number {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-") value = tokens[at++] === "+" ? value + product() : value - product();
    return value;
  }
  function product(): number {
    let value = unary();
    while (tokens[at] === "*" || tokens[at] === "/") value = tokens[at++] === "*" ? value * unary() : value / unary();
    return value;
  }
  function unary(): number {
    const token = tokens[at++];
    if (token === "-") return -unary();
    if (token === "+") return unary();
    if (token === "(") {
      const value = sum();
      return tokens[at++] === ")" ? value : NaN;
    }
    return token === undefined || !/^[\d.]/.test(token) ? NaN : Number(token);
  }

  const value = sum();
  return at === tokens.length && Number.isFinite(value) ? value : null;
}

export interface Bounds {
  low?: number;
  high?: number;
  step?: number;
  whole?: boolean;
}

export function clamp(value: number, { low, high, whole }: Bounds): number {
  const bounded = Math.min(Math.max(value, low ?? -Infinity), high ?? Infinity);
  return whole ? Math.round(bounded) : Number(bounded.toPrecision(12));
}

/** How far one notch goes. */
export function stepOf({ low, high, step, whole }: Bounds): number {
  if (step) return step;
  if (whole) return 1;
  const span = low !== undefined && high !== undefined ? high - low : 100;
  return span <= 2 ? 0.01 : span <= 30 ? 0.1 : 1;
}

export function randomSeed({ low = 0, high = 2 ** 32 }: Bounds, random: () => number = Math.random): number {
  const top = Math.min(high, 2 ** 32 - 1);
  return Math.floor(low + random() * (top - low + 1));
}

export function duration(seconds: number): string {
  if (seconds < 0.001) return "0 s";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Bytes for people: 3.2 MB. */
export function size(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}
