import { describe, expect, it } from "vitest";
import { placesOf } from "../src/graph/find";
import { body, catalog } from "./helpers";

describe("search in the graph", () => {
  it("finds nodes by value, notes by text, and what is in sub-workflows", () => {
    const inner = { nodes: { deep: { node: "core.blur", title: "Soft" } } };
    const places = placesOf({ ...body, subgraphs: { inner }, ui: { $notes: { 1: { text: "## Why\nbecause", at: [0, 0], size: [9, 9] } } } }, catalog);
    expect(places.find((one) => one.id === "second")?.about).toContain("sigma 3");
    expect(places.find((one) => one.id === "inputs")?.about).toBe("prompt");
    expect(places.find((one) => one.id === "$notes.1")).toMatchObject({ title: "Why", path: [] });
    expect(places.find((one) => one.id === "deep")).toMatchObject({ title: "Soft", path: ["inner"] });
  });
});
