import { describe, expect, it } from "vitest";
import { withWorkflow, workflowInPng } from "../src/graph/png";
import { sketch } from "../src/graph/sketch";
import type { Workflow } from "../src/graph/document";
import { body, catalog } from "./helpers";

describe("a sketch", () => {
  const drawn = sketch(body, catalog);

  it("has a box for each node and a wire for each link whose ends are there", () => {
    expect(drawn.boxes.map((box) => box.title)).toEqual(["Inputs", ...Object.keys(body.nodes).map((name) => catalog.nodes.get(body.nodes[name]!.node)!.title)]);
    expect(drawn.wires).toHaveLength(4);
  });

  it("has all of them inside", () => {
    for (const box of drawn.boxes) {
      expect(box.x).toBeGreaterThanOrEqual(drawn.x);
      expect(box.x + box.width).toBeLessThanOrEqual(drawn.x + drawn.width);
      expect(box.y + box.height).toBeLessThanOrEqual(drawn.y + drawn.height);
    }
  });

  it("shows the values", () => {
    const second = drawn.boxes.find((box) => box.rows.some((row) => row.text === "sigma" && row.value === "3"));
    expect(second).toBeDefined();
  });
});

it("a PNG carries a workflow, whatever is written in it", async () => {
  const bare = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), (one) => one.charCodeAt(0));
  const workflow: Workflow = { format: 1, title: "äöü – 你好 \u0000 <img>", nodes: { a: { node: "core.a" } } };
  expect(await workflowInPng(withWorkflow(bare, workflow))).toEqual(workflow);
});
