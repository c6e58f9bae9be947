import { describe, expect, it } from "vitest";
import { edgesOf } from "../src/graph/edges";
import { connect, extract, moveWires, removeNodes, rename } from "../src/graph/edit";
import { pointsOf, routesOf, setPoints, sweepRoutes } from "../src/graph/reroutes";
import { swapNode } from "../src/graph/swap";
import { body, catalog } from "./helpers";

const KEY = "first.image>second.image";

describe("points of a wire", () => {
  const led = setPoints(body, KEY, [{ x: 10.4, y: 20 }]);

  it("are written whole, and are gone with the last of them", () => {
    expect(led.ui).toEqual({ $reroutes: { [KEY]: [[10, 20]] } });
    expect(setPoints(led, KEY, []).ui).toEqual({});
  });

  it("follow a renamed node, and go with the wire", () => {
    expect(Object.keys(routesOf(rename(led, "first", "soft"))!)).toEqual(["soft.image>second.image"]);
    expect(sweepRoutes(led)).toBe(led);
    expect(routesOf(sweepRoutes(removeNodes(led, ["first"])))).toBeUndefined();
  });

  it("that are none are passed over", () => {
    expect(pointsOf({ [KEY]: [[1, 2], "no", [3], [4, null]] }, KEY)).toEqual([{ x: 1, y: 2 }]);
  });
});

describe("a node that is taken out of its wires", () => {
  it("stays, and the wires close behind it", () => {
    const next = extract(body, ["second"], catalog);
    expect(next.nodes.second).toEqual({ node: "core.blur", with: { sigma: 3 } });
    expect(next.nodes.save!.from).toEqual({ image: "first" });
  });
});

describe("moving wires to another output", () => {
  it("keeps what they do", () => {
    const more = connect(body, { source: "first", output: "image", target: "save", input: "image" }, "each");
    const edges = edgesOf(more, catalog).filter((edge) => edge.source === "first");
    const next = moveWires(more, edges, { node: "other", output: "picture" });
    expect(next.nodes.second!.from).toEqual({ image: "other.picture" });
    expect(next.nodes.save!.from).toEqual({ image: "other.picture[*]" });
  });
});

describe("swapping a node", () => {
  it("keeps wires and values that the new type has a place for", () => {
    const { body: next, lost } = swapNode(body, "second", "core.grid", catalog);
    expect(next.nodes.second).toEqual({ node: "core.grid", version: 1, from: { images: ["first"] } });
    expect(next.nodes.save!.from).toEqual({ image: "second.image" });
    expect(lost).toEqual([]);
  });

  it("says which wires found no place", () => {
    const { body: next, lost } = swapNode(body, "second", "core.encode_text", catalog);
    expect(lost).toEqual(["first to image", "second.image to save.image"]);
    expect(next.nodes.save!.from).toEqual({});
  });
});
