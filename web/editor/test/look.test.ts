import { expect, test } from "vitest";
import { canLook, lookAt, ownersOf, yieldOf } from "../src/graph/look";
import { body } from "./helpers";

const document = { format: 1 as const, ...body };
const file = { id: "1", name: "a.png", url: "/x", bytes: 1 };

test("a picture is written by one more node; the document has no other output", () => {
  const { document: found, name } = lookAt(document, { node: "first", output: "image", type: "Image" });
  expect(found.outputs).toEqual({ [name]: name });
  expect(found.nodes[name]).toMatchObject({ node: "core.save_image", from: { image: "first.image" } });
  expect(document.nodes).not.toHaveProperty(name);
});

test("of a list of pictures each is written; a value is an output as it is", () => {
  const list = lookAt(document, { node: "first", output: "images", type: "list[Image]" });
  expect(list.document.nodes[list.name]!.from).toEqual({ image: "first.images[*]" });
  const value = lookAt(document, { node: "first", output: "count", type: "int" });
  expect(value.document.outputs).toEqual({ [value.name]: "first.count" });
  expect(value.document.nodes).toBe(document.nodes);
});

test.each([["Image", true], ["list[Image]", true], ["text", true], ["list[float]", true], ["Latents", false], ["list[Mask]", false]])("%s can be looked at: %s", (type, yes) => expect(canLook(type)).toBe(yes));

test("what a run gave is sorted by node: files, values, and nothing of what has only a kind", () => {
  const outputs = { image: [[file]], score: 0.5, latents: { kind: "Latents" }, masks: [{ kind: "Mask" }], lost: 3 };
  const owners = { image: "save", score: "judge", latents: "base", masks: "base" };
  expect(yieldOf(owners, outputs)).toEqual({ files: { save: [file] }, values: { judge: { score: 0.5 } } });
  expect(ownersOf(document)).toEqual({ image: "save" });
});
