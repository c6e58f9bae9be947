import { expect, it } from "vitest";
import { reweigh } from "../src/graph/weights";

/** `[` and `]` stand for the two ends of the selection, `|` for both. */
function marked(text: string) {
  const [start, end] = text.includes("|") ? [text.indexOf("|"), text.indexOf("|")] : [text.indexOf("["), text.indexOf("]") - 1];
  return { text: text.replace(/[[\]|]/g, ""), start, end };
}

it.each([
  ["a [red] circle", 1, "a (red:1.1) circle"],
  ["a [red ]circle", 1, "a (red:1.1) circle"],
  ["a re|d circle", 2, "a (red:1.2) circle"],
  ["a [(red:1.1)] circle", 1, "a (red:1.2) circle"],
  ["a (re|d:1.1) circle", 1, "a (red:1.2) circle"],
  ["a ([red]:1.1) circle", -1, "a red circle"],
  ["a [(red:1.1)] circle", -1, "a red circle"],
  ["a [red star] here", -1, "a (red star:0.9) here"],
  ["[(x:0.1)]", -3, "(x:0)"],
  ["a | b", 1, "a  b"],
])("%s by %i", (text, steps, wanted) => {
  expect(reweigh(marked(text), steps).text).toBe(wanted);
});

it("selects what it wrote, so that the next step goes on", () => {
  const once = reweigh(marked("a re|d circle"), 1);
  expect(once.text.slice(once.start, once.end)).toBe("(red:1.1)");
  expect(reweigh(reweigh(once, 1), -2).text).toBe("a red circle");
});
