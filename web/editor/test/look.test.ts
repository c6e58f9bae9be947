import { describe, expect, it } from "vitest";
import { corner, fitting, nextZoom, settled, WHOLE, zoomed } from "../src/image/look";

const picture = { width: 64, height: 32 };
const box = { width: 640, height: 480 };

describe("looking at a picture", () => {
  it("the whole of it is shown by whole pixels when it is small", () => {
    expect(fitting(picture, box)).toBe(10);
    expect(fitting(picture, { width: 700, height: 480 })).toBe(10);
    expect(fitting({ width: 1280, height: 480 }, box)).toBe(0.5);
    expect(settled(WHOLE, picture, box)).toEqual({ zoom: 10, x: 32, y: 16 });
  });

  it("zooming leaves the point under the pointer where it is", () => {
    const look = settled(WHOLE, picture, box);
    const point = { x: 5, y: 9 };
    const next = zoomed(look, 20, point);
    const before = corner(look, box);
    const after = corner(next, box);
    expect(after.x + point.x * 20).toBe(before.x + point.x * 10);
    expect(after.y + point.y * 20).toBe(before.y + point.y * 10);
  });

  it("the picture cannot be lost from sight", () => {
    expect(settled({ zoom: 4, x: -50, y: 900 }, picture, box)).toEqual({ zoom: 4, x: 0, y: 32 });
  });

  it("zooms go by steps, up to the last and down to the first", () => {
    expect(nextZoom(10, 1)).toBe(12);
    expect(nextZoom(10, -1)).toBe(8);
    expect(nextZoom(64, 1)).toBe(64);
    expect(nextZoom(0.01, -1)).toBe(1 / 16);
  });
});
