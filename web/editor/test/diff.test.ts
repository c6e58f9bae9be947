import { describe, expect, test } from "vitest";
import type { Body } from "../src/graph/document";
import { differences, withInputs } from "../src/graph/diff";
import { body } from "./helpers";

const changed = (change: (body: Body) => void): Body => {
  const copy = structuredClone(body);
  change(copy);
  return copy;
};

describe("what differs between two workflows", () => {
  test.each<[string, (body: Body) => void, [place: string, before: string, after: string][]]>([
    ["nothing", () => undefined, []],
    ["where a node lies", (now) => (now.ui = { first: { position: [9, 9] } }), []],
    ["a value", (now) => (now.nodes.second!.with = { sigma: 4 }), [["second.sigma", "3", "4"]]],
    ["a value that goes back to the default", (now) => delete now.nodes.second!.with, [["second.sigma", "3", ""]]],
    ["a wire in place of a value", (now) => ((now.nodes.second!.with = {}), (now.nodes.second!.from!.sigma = "model")), [["second.sigma", "3", "← model"]]],
    ["a declared input", (now) => (now.inputs!.prompt!.default = "a ring"), [["inputs.prompt", "a star", "a ring"]]],
    ["a node that is gone", (now) => delete now.nodes.second, [["second", "core.blur", ""]]],
    ["a node that is new", (now) => (now.nodes.third = { node: "core.blur", with: { sigma: 2 } }), [["third", "", "core.blur"]]],
    ["a node that is muted", (now) => (now.nodes.first!.mode = "mute"), [["first.mode", "", "mute"]]],
    ["an output", (now) => (now.outputs = { image: "first" }), [["outputs.image", "← save", "← first"]]],
  ])("%s", (_, change, found) => {
    expect(differences(body, changed(change))).toEqual(found.map(([place, before, after]) => ({ place, before, after })));
  });

  test("a value inside of a subgraph has its place", () => {
    const nested = (sigma: number): Body => ({ nodes: {}, subgraphs: { inner: { nodes: { blur: { node: "core.blur", with: { sigma } } } } } });
    expect(differences(nested(1), nested(2))).toEqual([{ place: "inner/blur.sigma", before: "1", after: "2" }]);
  });
});

test("the values of a run become those of the declared inputs; others are left out", () => {
  const found = withInputs(body, { prompt: "a ring", seed: 3 });
  expect(found.inputs).toEqual({ prompt: { type: "text", default: "a ring" } });
  expect(withInputs(body, {})).toBe(body);
});
