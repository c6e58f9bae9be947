import { describe, expect, it } from "vitest";
import { linesCross, placeBetween, wirePath } from "../src/graph/geometry";

const at = (x: number, y: number) => ({ x, y });

describe("lines", () => {
  it("cross where they meet, and only there", () => {
    expect(linesCross([at(0, 0), at(10, 10)], [at(0, 10), at(10, 0)])).toBe(true);
    expect(linesCross([at(0, 0), at(4, 4)], [at(0, 10), at(10, 0)])).toBe(false);
    expect(linesCross([at(0, 0), at(5, 0), at(5, 20)], [at(0, 10), at(10, 10)])).toBe(true);
  });

  it("on one straight line cross only where they overlap", () => {
    expect(linesCross([at(0, 0), at(4, 0)], [at(6, 0), at(9, 0)])).toBe(false);
    expect(linesCross([at(0, 0), at(7, 0)], [at(6, 0), at(9, 0)])).toBe(true);
  });

  it("take a new point where the way grows least", () => {
    const ends = [at(0, 0), at(100, 0), at(100, 100)];
    expect(placeBetween(ends, at(50, 5))).toBe(1);
    expect(placeBetween(ends, at(95, 60))).toBe(2);
  });

  it("go through every point and arrive level", () => {
    const path = wirePath([at(0, 0), at(50, 80), at(100, 0)]);
    expect(path).toMatch(/^M0,0 C\S+,0 \S+ 50,80 C\S+ \S+,0 100,0$/);
  });
});
