import { describe, expect, it } from "vitest";
import { anchored, arrange, type Size } from "../src/graph/arrange";
import type { Edge } from "../src/graph/edges";

const edge = (source: string, target: string, input = "in", output = "out"): Edge => ({ id: `${target}.${input}.0`, source, output, target, input, index: 0, each: false });
const sizes = (names: string, height = 100) => new Map<string, Size>(names.split(" ").map((name) => [name, { width: 200, height }]));

function overlaps(found: Record<string, { x: number; y: number }>, all: Map<string, Size>): string[] {
  const names = [...all.keys()];
  const apart = (a: string, b: string) => {
    const [p, q, s, t] = [found[a]!, found[b]!, all.get(a)!, all.get(b)!];
    return p.x + s.width <= q.x || q.x + t.width <= p.x || p.y + s.height <= q.y || q.y + t.height <= p.y;
  };
  return names.flatMap((a, at) => names.slice(at + 1).filter((b) => !apart(a, b)).map((b) => `${a} ${b}`));
}

describe("tidy positions", () => {
  it("go left to right along the wires, level in a chain", () => {
    const found = arrange(sizes("c b a"), [edge("a", "b"), edge("b", "c")]);
    expect([found.a!.x, found.b!.x, found.c!.x]).toEqual([0, 290, 580]);
    expect(new Set([found.a!.y, found.b!.y, found.c!.y]).size).toBe(1);
  });

  it("put what feeds upper ports higher, so that wires do not cross", () => {
    const found = arrange(sizes("low high end"), [edge("high", "end", "first"), edge("low", "end", "second")]);
    expect(found.high!.y).toBeLessThan(found.low!.y);
  });

  it("leave a way for a wire that passes a column", () => {
    const all = sizes("a b c d");
    const found = arrange(all, [edge("a", "b"), edge("b", "c"), edge("c", "d"), edge("a", "d", "past")]);
    const middle = (name: string) => found[name]!.y + 50;
    const line = (x: number) => middle("a") + ((middle("d") - middle("a")) * x) / found.d!.x;
    for (const name of ["b", "c"]) expect(Math.abs(middle(name) - line(found[name]!.x + 100))).toBeGreaterThan(40);
  });

  it("keep a source near what it feeds", () => {
    const found = arrange(sizes("a b c d late"), [edge("a", "b"), edge("b", "c"), edge("c", "d"), edge("late", "d", "other")]);
    expect(found.late!.x).toBe(found.c!.x);
  });

  it("never overlap, whatever the wires; circles are no trouble", () => {
    let seed = 7;
    const random = (most: number) => (seed = (seed * 16807) % 2147483647) % most;
    for (const count of [12, 60, 200]) {
      const all = new Map<string, Size>(Array.from({ length: count }, (_, at) => [`n${at}`, { width: 264, height: 60 + random(300) }]));
      const edges = Array.from({ length: count * 1.5 }, () => edge(`n${random(count)}`, `n${random(count)}`, `in${random(4)}`));
      const found = arrange(all, edges.filter(({ source, target }) => source !== target));
      expect(Object.values(found).every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
      expect(overlaps(found, all)).toEqual([]);
    }
  });

  it("put what hangs together together, and what hangs with nothing in rows below", () => {
    const all = sizes("a b c d x y z");
    const found = arrange(all, [edge("a", "b"), edge("c", "d")]);
    expect(overlaps(found, all)).toEqual([]);
    expect(found.c!.y).toBeGreaterThan(found.b!.y + 100);
    expect([found.x!.y, found.y!.y]).toEqual([found.x!.y, found.x!.y]);
    expect(found.z!.y).toBeGreaterThan(found.x!.y);
    expect(arrange(new Map(), [])).toEqual({});
  });

  it("are moved to a corner", () => {
    expect(anchored({ a: { x: 5, y: 9 }, b: { x: 8, y: 2 } }, { x: 100, y: 100 })).toEqual({ a: { x: 100, y: 107 }, b: { x: 103, y: 100 } });
  });
});
