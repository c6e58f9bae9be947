import { expect, it } from "vitest";
import { INPUTS, type Body } from "../src/graph/document";
import { namesModel } from "../src/graph/models";

const body: Body = {
  inputs: { refiner: { type: "text" }, prompt: { type: "text" }, model: { type: "text" } },
  nodes: {
    load: { node: "core.load_model", from: { model: "inputs.refiner" } },
    text: { node: "core.encode_text", from: { encoder: "load.text_encoder", prompt: "inputs.prompt" } },
  },
};

it("offers models to inputs called so and to declared ones that feed such an input", () => {
  expect(namesModel(body, "load", "model")).toBe(true);
  expect(namesModel(body, "load", "dtype")).toBe(false);
  expect(namesModel(body, INPUTS, "refiner")).toBe(true);
  expect(namesModel(body, INPUTS, "prompt")).toBe(false);
  expect(namesModel(body, INPUTS, "model")).toBe(false);
});
