import { describe, expect, test } from "vitest";
import type { Run } from "../src/api/types";
import type { Body } from "../src/graph/document";
import { placeAt } from "../src/graph/order";
import { advance, fraction, newRun, remaining } from "../src/graph/progress";
import { seedMode, setSeedMode, stepSeeds } from "../src/graph/seeds";

const events = (...all: Record<string, unknown>[]) => all.map((one, index) => ({ seq: index, type: "", run: "r", ...one }));

function after(expected: Record<string, number>, ...all: Record<string, unknown>[]) {
  return events(...all).reduce(advance, newRun("r", "", expected));
}

describe("progress", () => {
  const begun = [{ type: "running", at: 100 }, { type: "plan", to_run: 2, cached: 3 }];

  test("nodes that were never measured weigh the same; cached ones weigh nothing", () => {
    const run = after({}, ...begun, { type: "cached", node: "model" }, { type: "finished", node: "draw", seconds: 1 });
    expect(fraction(run)).toBe(0.5);
  });

  test("a node weighs as much as it took the last time, and so do its steps", () => {
    const run = after({ draw: 9, save: 1 }, ...begun, { type: "progress", node: "draw", step: 5, total: 10 });
    expect(fraction(run)).toBeCloseTo(0.45);
  });

  test("what is left is told from what was measured at first, and then from how fast it goes", () => {
    const begins = after({ draw: 9, save: 1 }, ...begun);
    expect(remaining(begins, 100_000)).toBe(10);
    const half = after({ draw: 9, save: 1 }, ...begun, { type: "progress", node: "draw", step: 5, total: 9 });
    expect(remaining(half, 110_000)).toBeCloseTo(10);
    expect(remaining(after({}, ...begun), 100_100)).toBeNull();
  });

  test("the error of a run is kept with all that it says, at the node that is to blame", () => {
    const run = after({}, ...begun, { type: "ended", state: "failed", error: { type: "ValueError", message: "no", node: "row[2]/draw", traceback: "..." } });
    expect(run.nodes.row).toMatchObject({ state: "failed", message: "no" });
    expect(run.error?.traceback).toBe("...");
  });

  test("a warning is kept and changes no node", () => {
    const run = after({}, ...begun, { type: "finished", node: "draw" }, { type: "warning", node: "draw", message: "large" });
    expect(run.nodes.draw?.state).toBe("done");
    expect(run.warnings).toEqual(["large"]);
  });
});

describe("seeds", () => {
  const body: Body = {
    inputs: { seed: { type: "seed", default: 7, max: 9 } },
    nodes: { a: { node: "core.denoise", with: { seed: 3 } }, b: { node: "core.denoise", from: { seed: "inputs.seed" } } },
    subgraphs: { inner: { nodes: { c: { node: "core.denoise" } }, ui: { c: { seeds: { seed: "next" } } } } },
    ui: { a: { position: [1, 2] } },
  };

  test("each goes on by its mode, in subgraphs too, and a linked one is left alone", () => {
    let next = setSeedMode(body, "a", "seed", "next");
    next = setSeedMode(next, "inputs", "seed", "random");
    next = setSeedMode(next, "b", "seed", "next");
    const stepped = stepSeeds(next, () => 0.99);
    expect(stepped.nodes.a!.with).toEqual({ seed: 4 });
    expect(stepped.inputs!.seed!.default).toBe(9);
    expect(stepped.nodes.b).toBe(body.nodes.b);
    expect(stepped.subgraphs!.inner!.nodes.c!.with).toEqual({ seed: 1 });
  });

  test("a mode lies beside what `ui` has of the node, and goes when the seed stays", () => {
    const next = setSeedMode(body, "a", "seed", "next");
    expect(next.ui!.a).toEqual({ position: [1, 2], seeds: { seed: "next" } });
    expect(seedMode(next, "a", "seed")).toBe("next");
    expect(setSeedMode(next, "a", "seed", "keep").ui!.a).toEqual({ position: [1, 2] });
  });

  test("where every seed stays, the document stays the same object", () => {
    const { subgraphs: _, ...plain } = body;
    expect(stepSeeds(plain)).toBe(plain);
  });
});

describe("the order of runs that wait", () => {
  const runs = [
    { id: "going", state: "running", priority: 0 },
    { id: "a", state: "queued", priority: 5 },
    { id: "b", state: "queued", priority: 0 },
    { id: "c", state: "queued", priority: 0 },
  ] as Run[];
  test.each([
    ["c", 0, { priority: 5, before: "a" }],
    ["a", 1, { priority: 0, before: "c" }],
    ["a", 2, { priority: 0, place: "last" }],
    ["a", 9, { priority: 0, place: "last" }],
    ["c", -3, { priority: 5, before: "a" }],
    ["b", 1, null],
    ["going", 0, null],
  ])("%s to place %i", (run, at, told) => expect(placeAt(runs, run, at)).toEqual(told));
});
