import { describe, expect, it } from "vitest";
import { neighbour, NO_FILTER, queryOf } from "../src/image/gallery";
import { makeCatalog } from "../src/graph/catalog";
import type { Body } from "../src/graph/document";
import { filePlaces, isMask, picturesBehind } from "../src/graph/pictures";

const file = { name: "file", type: "text", required: true, widget: { type: "file" as const, suffixes: [".png"] } };
const node = (id: string, inputs: object[], outputs: [string, string][]) => ({
  ...{ id, title: id, category: "", pack: "core", version: 1, summary: "", doc: "", cached: true, expands: false },
  inputs: inputs as never,
  outputs: outputs.map(([name, type]) => ({ name, type })),
});
const link = (name: string, type: string) => ({ name, type, widget: { type: "link" } });
const catalog = makeCatalog(
  [
    node("load_image", [file], [["image", "Image"], ["mask", "Mask"]]),
    node("load_mask", [file], [["mask", "Mask"]]),
    node("read_text", [{ ...file, widget: { type: "file", suffixes: [".csv"] } }], [["text", "text"]]),
    node("inpaint", [link("image", "Image"), link("mask", "Mask")], [["image", "Image"]]),
    node("save", [link("image", "Image")], [["image", "SavedImages"]]),
  ] as never,
  [],
  {},
);
const body: Body = {
  inputs: { picture: { type: "file", default: "star.png" }, hole: { type: "file", default: "hole.png" }, words: { type: "text" } },
  nodes: {
    other: { node: "load_image", with: { file: "other.png" } },
    load: { node: "load_image", from: { file: "inputs.picture" } },
    mask: { node: "load_mask", with: { file: "mask.png" } },
    second: { node: "load_mask", from: { file: "inputs.hole" } },
    table: { node: "read_text", with: { file: "a.csv" } },
    paint: { node: "inpaint", from: { image: "load.image", mask: "mask" } },
    save: { node: "save", from: { image: "load.image" } },
  },
};

describe("inputs that take pictures", () => {
  it("are those with a file of a picture and no wire, and are told from masks", () => {
    const found = filePlaces(body, catalog).map(({ node, input, mask }) => `${node}.${input}${mask ? " mask" : ""}`);
    expect(found).toEqual(["inputs.picture", "inputs.hole mask", "other.file", "mask.file mask"]);
  });

  it("a declared input is what it is used for", () => {
    expect(isMask(body, catalog, { node: "inputs", input: "hole" })).toBe(true);
    expect(isMask(body, catalog, { node: "inputs", input: "picture" })).toBe(false);
  });
});

describe("the pictures behind a mask", () => {
  const labels = (place: { node: string; input: string }, written: string[] = []) =>
    picturesBehind(body, catalog, place, written).map((one) => ("file" in one ? one.file : one.node));

  it("first what goes into the same node as the mask, also what was made of it", () => {
    expect(labels({ node: "mask", input: "file" })).toEqual(["star.png", "other.png"]);
    expect(labels({ node: "mask", input: "file" }, ["save"])[0]).toBe("save");
  });

  it("of a picture's own input that picture", () => {
    expect(labels({ node: "other", input: "file" })[0]).toBe("other.png");
  });
});

describe("the gallery", () => {
  it("asks for days as this machine's clock has them, the last one included", () => {
    expect(queryOf(NO_FILTER)).toEqual({});
    const query = queryOf({ ...NO_FILTER, text: " star ", since: "2026-03-01", until: "2026-03-01" });
    expect(query.text).toBe("star");
    expect(Number(query.since)).toBe(new Date(2026, 2, 1).getTime() / 1000);
    expect(Number(query.until)).toBe(new Date(2026, 2, 2).getTime() / 1000);
  });

  it("arrows go through a grid and stop at its edges", () => {
    expect(neighbour(1, 8, 3, "down")).toBe(4);
    expect(neighbour(7, 8, 3, "down")).toBe(7);
    expect(neighbour(4, 8, 3, "up")).toBe(1);
    expect(neighbour(0, 8, 3, "left")).toBe(0);
  });
});
