import { describe, expect, it } from "vitest";
import type { Body, Workflow } from "../src/graph/document";
import { dropInput, dropOutput, inside, renameInput, renameOutput, reorder, retype, setInput } from "../src/graph/face";
import { collapseInto, expand, pathTo, usable } from "../src/graph/subgraphs";
import { body, catalog } from "./helpers";

const picture: Workflow = {
  format: 1,
  inputs: { strength: { type: "float", default: 2, min: 0, max: 9 } },
  nodes: {
    draw: { node: "core.grid" },
    first: { node: "core.blur", from: { image: "draw", sigma: "inputs.strength" } },
    second: { node: "core.blur", with: { sigma: 3 }, from: { image: "first.image" } },
    each: { node: "core.blur", from: { image: "parts[*]" } },
    parts: { node: "core.unbatch", from: { image: "second" } },
    save: { node: "core.save_image", from: { image: "second" } },
  },
  outputs: { soft: "first", image: "save.image" },
  ui: { first: { position: [100, 50], color: "red" }, second: { position: [400, 80] }, $notes: { 1: { at: [90, 0], size: [9, 9] } } },
};

function collapsed(ids: string[], title = "Soft Twice", from: Body = picture): Body {
  const found = collapseInto(from, ids, title, catalog);
  if (!found.ok) throw new Error(found.reason);
  return found.body;
}

describe("a selection that becomes a sub-workflow", () => {
  const made = collapsed(["first", "second", "$notes.1"]);
  const inner = made.subgraphs!.soft_twice!;

  it("has an input for each wire that came in, typed by what it carries", () => {
    expect(inner.inputs).toEqual({ image: { type: "Image" }, strength: { type: "float", default: 2, min: 0, max: 9 } });
    expect(inner.nodes.first!.from).toEqual({ image: "inputs.image", sigma: "inputs.strength" });
    expect(inner.nodes.second).toEqual(picture.nodes.second);
    expect(made.nodes.soft_twice).toEqual({ node: "subgraph:soft_twice", from: { image: "draw", strength: "inputs.strength" } });
  });

  it("has an output for each that went out, once", () => {
    expect(inner.outputs).toEqual({ image: "second.image", image_2: "first.image" });
    expect(made.nodes.save!.from).toEqual({ image: "soft_twice.image" });
    expect(made.nodes.parts!.from).toEqual({ image: "soft_twice.image" });
    expect(made.outputs).toEqual({ soft: "soft_twice.image_2", image: "save.image" });
  });

  it("keeps places, colours and notes", () => {
    expect(inner.ui).toEqual({ first: { position: [100, 50], color: "red" }, second: { position: [400, 80] }, $notes: { 1: { at: [90, 0], size: [9, 9] } } });
    expect(made.ui).toEqual({ soft_twice: { position: [100, 50] } });
  });

  it("keeps what runs once for each element", () => {
    const made = collapsed(["each"]);
    expect(made.nodes.soft_twice!.from).toEqual({ image: "parts" });
    expect(made.subgraphs!.soft_twice!.inputs).toEqual({ image: { type: "list[Image]" } });
    expect(made.subgraphs!.soft_twice!.nodes.each!.from).toEqual({ image: "inputs.image[*]" });
  });

  it("is refused when it would feed itself", () => {
    expect(collapseInto(picture, ["first", "save"], "no", catalog)).toEqual({ ok: false, reason: "second takes from these nodes and feeds them; select it as well" });
  });

  it("comes back as it was, and is gone with its last use", () => {
    const back = expand(made, "soft_twice");
    if (!back.ok) throw new Error(back.reason);
    expect(back.names).toEqual(["first", "second"]);
    expect(back.body.nodes.first).toEqual(picture.nodes.first);
    expect(back.body.nodes.save!.from).toEqual({ image: "second.image" });
    expect(back.body.outputs).toEqual({ soft: "first.image", image: "save.image" });
    expect(back.body.subgraphs).toBeUndefined();
    expect(back.body.ui!.second).toEqual({ position: [400, 80] });
  });

  it("gives values where nothing was wired, and stays while another node uses it", () => {
    const twice: Body = { ...made, nodes: { ...made.nodes, again: { node: "subgraph:soft_twice", with: { strength: 7 }, from: { image: "save" } } } };
    const back = expand(twice, "again");
    if (!back.ok) throw new Error(back.reason);
    expect(back.names).toEqual(["first", "second"]);
    expect(back.body.nodes.first).toEqual({ node: "core.blur", with: { sigma: 7 }, from: { image: "save" } });
    expect(back.body.subgraphs).toEqual(made.subgraphs);
  });

  it("says why it cannot be expanded", () => {
    const mapped: Body = { ...made, nodes: { ...made.nodes, soft_twice: { node: "subgraph:soft_twice", from: { image: "parts[*]" } } } };
    expect(expand(mapped, "soft_twice")).toMatchObject({ ok: false });
    expect(expand(body, "first")).toMatchObject({ ok: false });
  });
});

describe("where sub-workflows are found", () => {
  const b: Body = { nodes: { deep: { node: "subgraph:a" } } };
  const a: Body = { nodes: {} };
  const root: Body = { nodes: {}, subgraphs: { a, b } };

  it("also around the body that uses them", () => {
    expect(pathTo("a", ["b"], [root, b])).toEqual(["a"]);
    expect(pathTo("a", [], [root])).toEqual(["a"]);
    expect(pathTo("c", [], [root])).toBeNull();
  });

  it("and none can be used inside itself", () => {
    expect(usable([], [root]).map(([key]) => key)).toEqual(["a", "b"]);
    expect(usable(["a"], [root, a])).toEqual([]);
    expect(usable(["b"], [root, b]).map(([key]) => key)).toEqual(["a"]);
  });
});

describe("a face that is edited", () => {
  const root = { format: 1, ...collapsed(["first", "second"]) } as Workflow;
  const path = ["soft_twice"];

  it("takes everything along that used the old name", () => {
    const renamed = renameOutput(renameInput(root, path, "strength", "amount"), path, "image", "picture");
    const inner = renamed.subgraphs!.soft_twice!;
    expect(Object.keys(inner.inputs!)).toEqual(["image", "amount"]);
    expect(inner.nodes.first!.from!.sigma).toBe("inputs.amount");
    expect(renamed.nodes.soft_twice!.from).toEqual({ image: "draw", amount: "inputs.strength" });
    expect(renamed.nodes.save!.from).toEqual({ image: "soft_twice.picture" });
    expect(renamed.inputs).toEqual(root.inputs);
  });

  it("of the workflow itself changes its own links alone", () => {
    const renamed = renameInput(root, [], "strength", "amount");
    expect(renamed.nodes.soft_twice!.from).toEqual({ image: "draw", strength: "inputs.amount" });
  });

  it("loses what is removed, with the wires to it", () => {
    const less = dropOutput(dropInput(root, path, "strength"), path, "image");
    expect(less.nodes.soft_twice!.from).toEqual({ image: "draw" });
    expect(less.subgraphs!.soft_twice!.nodes.first!.from).toEqual({ image: "inputs.image" });
    expect(less.nodes.save!.from).toBeUndefined();
    expect(less.outputs).toEqual({ soft: "soft_twice.image_2", image: "save.image" });
  });

  it("has an order, types and bounds", () => {
    const swapped = inside(root, path, (one) => reorder(one, "inputs", "strength", -1));
    expect(Object.keys(swapped.subgraphs!.soft_twice!.inputs!)).toEqual(["strength", "image"]);
    expect(reorder(root, "inputs", "strength", -1)).toBe(root);
    expect(retype({ type: "float", default: 2, min: 0, description: "how" }, "int")).toEqual({ type: "int", default: 2, description: "how" });
    expect(retype({ type: "text", default: "a" }, "bool")).toEqual({ type: "bool", default: false });
    expect(retype({ type: "text" }, "Image")).toEqual({ type: "Image" });
    expect(setInput(root, "strength", { type: "float", default: undefined, max: 3, description: "" }).inputs).toEqual({ strength: { type: "float", max: 3 } });
    expect(setInput(root, "strength", { type: "text", default: "" }).inputs).toEqual({ strength: { type: "text", default: "" } });
  });
});
