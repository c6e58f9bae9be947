import { describe, expect, it } from "vitest";
import { align, distribute } from "../src/graph/align";
import { copyOf, paste } from "../src/graph/clipboard";
import type { Workflow } from "../src/graph/document";
import { place } from "../src/graph/edit";
import { setColor, tint, toggleLook, toggleMode } from "../src/graph/looks";
import { parseMarkdown } from "../src/graph/markdown";
import { addThing, frameAround, isOn, removeThings, thingOf, thingsOf } from "../src/graph/things";
import { body } from "./helpers";

const box = (x: number, y: number, width = 10, height = 10) => ({ x, y, width, height });

describe("frames and notes", () => {
  const framed = addThing(body, "$frames", { title: "Soft", at: [0, 0], size: [100, 80] });

  it("are found, moved and deleted by an id that no node can have", () => {
    expect(thingsOf(framed.body)).toEqual(["$frames.1"]);
    expect(thingOf(place(framed.body, { "$frames.1": { x: 5.4, y: 6 } }), "$frames.1")?.at).toEqual([5, 6]);
    expect(removeThings(framed.body, ["first", "$frames.1"]).ui).toEqual({});
  });

  it("that a file has wrong are passed over and kept", () => {
    const odd = { ...body, ui: { $frames: { a: "no", b: { at: [1, 2] } }, $notes: 3 } };
    expect(thingsOf(odd)).toEqual([]);
    expect(addThing(odd, "$notes", { at: [0, 0], size: [9, 9] }).body.ui!.$frames).toBe(odd.ui.$frames);
  });

  it("are copied and pasted with the nodes", () => {
    const copied = copyOf(place(framed.body, { first: { x: 10, y: 20 } }), ["first", "$frames.1"]) as Workflow;
    const pasted = paste(framed.body, copied, { x: 1000, y: 1000 });
    expect(pasted.names).toEqual(["first_2", "$frames.2"]);
    expect(thingOf(pasted.body, "$frames.2")).toEqual({ title: "Soft", at: [1000, 1000], size: [100, 80] });
    expect(pasted.body.ui!.first_2).toEqual({ position: [1010, 1020] });
  });

  it("lie around what they were made for", () => {
    const { at, size } = frameAround([box(0, 0), box(100, 50)]);
    const frame = { x: at[0], y: at[1], width: size[0], height: size[1] };
    expect(isOn(box(100, 50), frame)).toBe(true);
    expect(isOn(box(200, 50), frame)).toBe(false);
  });
});

describe("looks and modes", () => {
  it("are switched for all, and off again", () => {
    const muted = toggleMode(body, ["first", "second", "inputs"], "mute");
    expect([muted.nodes.first!.mode, muted.nodes.second!.mode, muted.nodes.save!.mode]).toEqual(["mute", "mute", undefined]);
    expect(toggleMode(muted, ["first"], "bypass").nodes.first!.mode).toBe("bypass");
    expect(toggleMode(muted, ["first", "second"], "mute").nodes).toEqual(body.nodes);
    expect(toggleLook(toggleLook(body, ["first"], "collapsed"), ["first"], "collapsed").ui).toEqual({ first: {} });
  });

  it("take no colour from a file but a known name or hex digits", () => {
    expect([tint("red"), tint("#a1b2c3"), tint("url(https://elsewhere)"), tint(3)]).toEqual(["var(--tint-red)", "#a1b2c3", "", ""]);
    expect(setColor(body, ["first"], "red").ui).toEqual({ first: { color: "red" } });
  });
});

describe("lines", () => {
  const boxes = new Map([["a", box(0, 0)], ["b", box(50, 30, 20)], ["c", box(100, 7)]]);

  it("bring edges together", () => {
    expect(align(boxes, "right")).toEqual({ a: { x: 100, y: 0 }, b: { x: 90, y: 30 }, c: { x: 100, y: 7 } });
    expect(align(boxes, "top").b).toEqual({ x: 50, y: 0 });
  });

  it("spread with equal gaps", () => {
    expect(distribute(boxes, "across")).toEqual({ a: { x: 0, y: 0 }, b: { x: 45, y: 30 }, c: { x: 100, y: 7 } });
  });
});

describe("Markdown", () => {
  it("becomes blocks and spans", () => {
    const blocks = parseMarkdown("# A *title*\n\ntext **bold** `x*y*`\nmore\n- one\n- two\n\n```\n<b>\n```\n---");
    expect(blocks.map((block) => block.kind)).toEqual(["heading", "paragraph", "list", "code", "rule"]);
    expect(blocks[1]).toMatchObject({ spans: [{ text: "text " }, { kind: "bold", text: "bold" }, { text: " " }, { kind: "code", text: "x*y*" }, { kind: "break" }, { text: "more" }] });
    expect(blocks[3]).toEqual({ kind: "code", text: "<b>" });
  });

  it("links to the web alone", () => {
    expect(parseMarkdown("[a](https://b.c) [x](javascript:alert(1))")).toEqual([
      { kind: "paragraph", spans: [{ kind: "link", text: "a", url: "https://b.c" }, { kind: "text", text: " [x](javascript:alert(1))" }] },
    ]);
  });

  it("ends, whatever it is given", () => {
    for (const text of ["```", "#", "- ", "***", "a\n\n\n", "_".repeat(5000), "*".repeat(5000)]) expect(Array.isArray(parseMarkdown(text))).toBe(true);
  });
});
