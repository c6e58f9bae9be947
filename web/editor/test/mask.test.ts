import { describe, expect, it } from "vitest";
import { greyPng } from "../src/image/greyPng";
import { dab, flood, Layer, line, polygon } from "../src/image/layer";
import { blank, feather, fromPixels, grow, invert, share, type Mask } from "../src/image/mask";
import { Painting } from "../src/image/painting";

/** A mask out of rows of digits: 0 nothing, 9 all. */
function drawn(...rows: string[]): Mask {
  const values = Uint8ClampedArray.from(rows.join(""), (digit) => Math.round((Number(digit) * 255) / 9));
  return { width: rows[0]!.length, height: rows.length, values };
}

const read = ({ width, height }: Mask, values: ArrayLike<number>) =>
  Array.from({ length: height }, (_, row) => Array.from({ length: width }, (_, column) => Math.round((values[row * width + column]! * 9) / 255)).join(""));

describe("changes of a whole mask", () => {
  const spot = drawn("00000", "00000", "00900", "00000", "00000");

  it("invert takes what was left", () => {
    expect(read(spot, invert(spot))).toEqual(["99999", "99999", "99099", "99999", "99999"]);
  });

  it("grow adds a round rim, and shrink takes it off again", () => {
    const grown = grow(spot, 1);
    expect(read(spot, grown)).toEqual(["00000", "05950", "09990", "05950", "00000"]);
    expect(read(spot, grow({ ...spot, values: grown }, -1))[2]).toBe("00900");
  });

  it("grow agrees with distances that are measured one by one", () => {
    const mask = blank(17, 13);
    const marks = [
      [3, 4],
      [12, 2],
      [9, 11],
    ];
    for (const [x, y] of marks) mask.values[y! * 17 + x!] = 255;
    const grown = grow(mask, 4);
    for (let at = 0; at < grown.length; at++) {
      const far = Math.min(...marks.map(([x, y]) => Math.hypot((at % 17) - x!, Math.floor(at / 17) - y!)));
      expect(Math.abs(grown[at]! - Math.max(0, Math.min(255, (5 - far) * 255)))).toBeLessThanOrEqual(1);
    }
  });

  it("an empty mask has nothing to grow", () => {
    expect(share({ ...spot, values: grow(blank(5, 5), 3) })).toBe(0);
  });

  it("feather spreads evenly and loses nothing", () => {
    const soft = feather(drawn("000000000", "000000000", "000000000", "000000000", "000090000", "000000000", "000000000", "000000000", "000000000"), 1);
    expect(soft[4 * 9 + 4]).toBeGreaterThan(soft[4 * 9 + 5]!);
    expect(soft[4 * 9 + 5]).toBe(soft[3 * 9 + 4]);
    expect(Math.abs(soft.reduce((sum, value) => sum + value, 0) - 255)).toBeLessThan(20);
  });

  it("a picture gives its transparent or its white parts", () => {
    const pixels = new Uint8ClampedArray([255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 255]);
    expect([...fromPixels(pixels, "alpha")]).toEqual([0, 255, 0]);
    expect([...fromPixels(pixels, "brightness")]).toEqual([255, 0, 0]);
  });
});

describe("strokes and shapes", () => {
  it("a hard brush of one pixel covers one pixel", () => {
    const layer = new Layer(5, 3);
    dab(layer, { x: 2.5, y: 1.5 }, 0.5, 1);
    expect(read(layer as Mask, layer.values)).toEqual(["00000", "00900", "00000"]);
  });

  it("a soft brush fades to its rim", () => {
    const layer = new Layer(21, 21);
    dab(layer, { x: 10.5, y: 10.5 }, 10, 0);
    const middle = Array.from(layer.values.subarray(10 * 21 + 10, 11 * 21));
    expect(middle[0]).toBe(255);
    expect(middle).toEqual([...middle].sort((a, b) => b - a));
    expect(middle[5]).toBeGreaterThan(60);
    expect(middle[5]).toBeLessThan(200);
  });

  it("a line has no gaps", () => {
    const layer = new Layer(40, 5);
    line(layer, { x: 2, y: 2.5, radius: 1.5 }, { x: 38, y: 2.5, radius: 1.5 }, 1);
    expect([...layer.values.subarray(2 * 40 + 2, 2 * 40 + 38)].every((value) => value === 255)).toBe(true);
  });

  it("a polygon covers its inside, and half of a pixel by half", () => {
    const layer = new Layer(5, 4);
    polygon(layer, [{ x: 1, y: 1 }, { x: 3.5, y: 1 }, { x: 3.5, y: 3 }, { x: 1, y: 3 }]);
    expect(read(layer as Mask, layer.values)).toEqual(["00000", "09950", "09950", "00000"]);
  });

  it("a flood stays inside what surrounds it", () => {
    const mask = drawn("00000", "09990", "09090", "09990", "00000");
    const layer = new Layer(5, 5);
    flood(layer, mask, { x: 2.5, y: 2.5 });
    expect(read(mask, layer.values)).toEqual(["00000", "00000", "00900", "00000", "00000"]);
  });
});

describe("a painting", () => {
  const painted = () => {
    const painting = new Painting(blank(8, 8));
    painting.show(dab(painting.layer, { x: 3, y: 3 }, 2, 1), 255, 0.5);
    return painting;
  };

  it("a stroke over itself is not stronger than its opacity", () => {
    const painting = painted();
    painting.show(dab(painting.layer, { x: 3, y: 3 }, 2, 1), 255, 0.5);
    expect(painting.mask.values[3 * 8 + 3]).toBe(128);
    painting.finish();
    painting.show(dab(painting.layer, { x: 3, y: 3 }, 2, 1), 255, 0.5);
    expect(painting.mask.values[3 * 8 + 3]).toBe(192);
  });

  it("undo and redo give the same bytes", () => {
    const painting = painted();
    painting.finish();
    const one = painting.mask.values.slice();
    painting.replace(invert(painting.mask));
    const two = painting.mask.values.slice();
    painting.undo();
    expect(painting.mask.values).toEqual(one);
    painting.undo();
    expect(share(painting.mask)).toBe(0);
    expect(painting.undo()).toBeNull();
    painting.redo();
    painting.redo();
    expect(painting.mask.values).toEqual(two);
    expect(painting.canRedo).toBe(false);
  });

  it("a stroke that is abandoned leaves no trace", () => {
    const painting = painted();
    painting.abandon();
    expect(share(painting.mask)).toBe(0);
    expect(painting.canUndo).toBe(false);
  });
});

describe("the file", () => {
  it("is a grey PNG with the mask's bytes", async () => {
    const mask = drawn("059", "950");
    const bytes = new Uint8Array(await (await greyPng(mask)).arrayBuffer());
    const view = new DataView(bytes.buffer);
    expect(String.fromCharCode(...bytes.subarray(12, 16))).toBe("IHDR");
    expect([view.getUint32(16), view.getUint32(20), bytes[24], bytes[25]]).toEqual([3, 2, 8, 0]);
    const packed = new Blob([bytes.slice(41, 41 + view.getUint32(33))]);
    const rows = await new Response(packed.stream().pipeThrough(new DecompressionStream("deflate"))).bytes();
    expect([...rows]).toEqual([0, 0, 142, 255, 0, 255, 142, 0]);
  });
});
