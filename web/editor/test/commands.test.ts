import { describe, expect, it } from "vitest";
import { conflicts, matches } from "../src/commands/keys";
import { COMMANDS } from "../src/commands/table";

describe("the table of commands", () => {
  it("has no two commands on one key", () => {
    expect(conflicts(COMMANDS)).toEqual([]);
  });

  it("has no two commands of one name", () => {
    expect(new Set(COMMANDS.map((one) => one.id)).size).toBe(COMMANDS.length);
  });
});

describe("keys", () => {
  const pressed = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more });

  it.each([
    ["Ctrl+Z", pressed("z", { ctrlKey: true }), true],
    ["Ctrl+Z", pressed("z", { metaKey: true }), true],
    ["Ctrl+Z", pressed("Z", { ctrlKey: true, shiftKey: true }), false],
    ["?", pressed("?", { shiftKey: true }), true],
    ["Space", pressed(" "), true],
    ["Esc", pressed("Escape"), true],
    ["L", pressed("l", { altKey: true }), false],
  ])("%s", (text, event, yes) => {
    expect(matches(text, event)).toBe(yes);
  });
});
