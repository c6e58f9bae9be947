import { describe, expect, it } from "vitest";
import { begin, record, redo, seal, undo } from "../src/graph/history";

describe("history", () => {
  it("undoes and redoes step by step", () => {
    const changed = record(record(begin(1), 2), 3);
    expect(undo(changed).present).toBe(2);
    expect(undo(undo(changed)).present).toBe(1);
    expect(undo(undo(undo(changed))).present).toBe(1);
    expect(redo(undo(changed)).present).toBe(3);
  });

  it("takes changes with the same key as one step, until it is sealed", () => {
    const typed = record(record(begin("") as never, "a" as never, "text"), "ab" as never, "text");
    expect(undo(typed).present).toBe("");
    const twice = record(seal(typed), "abc" as never, "text");
    expect(undo(twice).present).toBe("ab");
  });

  it("forgets what was undone as soon as something else is done", () => {
    expect(redo(record(undo(record(begin(1), 2)), 5)).present).toBe(5);
  });
});
