import { describe, expect, it } from "vitest";
import { compareLines } from "../src/graph/lines";

const shown = (before: string, after: string) => compareLines(before, after).map(({ kind, text }) => ({ same: " ", gone: "-", new: "+" })[kind] + text);

describe("lines", () => {
  it.each([
    ["a\nb\nc", "a\nb\nc", [" a", " b", " c"]],
    ["a\nb\nc", "a\nx\nc", [" a", "-b", "+x", " c"]],
    ["a\nb", "b\nc", ["-a", " b", "+c"]],
    ["", "a", ["-", "+a"]],
  ])("%j to %j", (before, after, wanted) => {
    expect(shown(before, after)).toEqual(wanted);
  });

  it("gives both texts back, however they differ", () => {
    const before = Array.from({ length: 40 }, (_, index) => `line ${(index * 7) % 11}`).join("\n");
    const after = Array.from({ length: 50 }, (_, index) => `line ${(index * 5) % 13}`).join("\n");
    const lines = compareLines(before, after);
    expect(lines.filter((one) => one.kind !== "new").map((one) => one.text).join("\n")).toBe(before);
    expect(lines.filter((one) => one.kind !== "gone").map((one) => one.text).join("\n")).toBe(after);
  });
});
