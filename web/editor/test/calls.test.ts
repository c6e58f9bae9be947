import { describe, expect, it } from "vitest";
import { changedInputs, curlLine, sameWorkflow, shellLine } from "../src/graph/calls";
import type { Workflow } from "../src/graph/document";

const decls = { prompt: { type: "text", default: "a" }, low: { type: "float", default: 0 }, fast: { type: "bool", default: true }, words: { type: "list[text]", default: [] } };
const saved: Workflow = { format: 1, inputs: decls, nodes: { a: { node: "core.a" } } };

describe("lines that do the same as the form", () => {
  it("have the values that differ from the file", () => {
    const now = { ...saved, inputs: { ...decls, prompt: { type: "text", default: "b" } } };
    expect(changedInputs(now, saved)).toEqual({ prompt: "b" });
    expect(sameWorkflow(now, saved)).toBe(true);
    expect(sameWorkflow({ ...now, nodes: {} }, saved)).toBe(false);
  });

  it("quote what a shell would take apart", () => {
    const line = shellLine("my flow", { prompt: "it's $HOME", low: -1, fast: false, words: ["a", "b c"] }, decls);
    expect(line).toBe("graph-engine run 'my flow.yaml' --prompt 'it'\\''s $HOME' --low=-1 --no-fast --words a --words 'b c'");
    expect(curlLine("http://127.0.0.1:1", "my flow", { prompt: "it's" })).toContain(`-d '{"inputs":{"prompt":"it'\\''s"},"wait":120}' http://127.0.0.1:1/api/v1/workflows/my%20flow/run`);
  });
});
