/** The little of Markdown that notes need, as data: headings, lists, code, rules, bold, italic, links. Never HTML. */

export type Span = { kind: "text" | "bold" | "italic" | "code"; text: string } | { kind: "link"; text: string; url: string } | { kind: "break" };

export type Block =
  | { kind: "heading"; level: number; spans: Span[] }
  | { kind: "list"; ordered: boolean; items: Span[][] }
  | { kind: "code"; text: string }
  | { kind: "rule" }
  | { kind: "paragraph"; spans: Span[] };

const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const HEADING = /^(#{1,4})\s+(.*)$/;
const RULE = /^\s*(?:-{3,}|\*{3,}|_{3,})\s*$/;
const FENCE = /^\s*```/;

export function parseMarkdown(text: string): Block[] {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  const take = (test: (line: string) => boolean) => {
    const from = at;
    while (at < lines.length && test(lines[at]!)) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = HEADING.exec(line);
    if (!line.trim()) at++;
    else if (FENCE.test(line)) {
      at++;
      blocks.push({ kind: "code", text: take((one) => !FENCE.test(one)).join("\n") });
      at++;
    } else if (RULE.test(line)) blocks.push((at++, { kind: "rule" }));
    else if (heading) blocks.push((at++, { kind: "heading", level: heading[1]!.length, spans: parseSpans(heading[2]!) }));
    else if (ITEM.test(line)) {
      const items = take((one) => ITEM.test(one)).map((one) => ITEM.exec(one)!);
      blocks.push({ kind: "list", ordered: items[0]![1] !== undefined, items: items.map((item) => parseSpans(item[2]!)) });
    } else blocks.push({ kind: "paragraph", spans: parseSpans(take((one) => one.trim() !== "" && !isBlock(one)).join("\n")) });
  }
  return blocks;
}

const isBlock = (line: string) => FENCE.test(line) || HEADING.test(line) || RULE.test(line) || ITEM.test(line);

const SPAN = /`([^`\n]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\b_([^_]+)_\b|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)|(\n)/g;

export function parseSpans(text: string): Span[] {
  const spans: Span[] = [];
  let last = 0;
  for (const match of text.matchAll(SPAN)) {
    if (match.index > last) spans.push({ kind: "text", text: text.slice(last, match.index) });
    last = match.index + match[0].length;
    const [, code, bold, star, line, name, url] = match;
    if (code !== undefined) spans.push({ kind: "code", text: code });
    else if (bold !== undefined) spans.push({ kind: "bold", text: bold });
    else if (star !== undefined || line !== undefined) spans.push({ kind: "italic", text: (star ?? line)! });
    else if (name !== undefined) spans.push({ kind: "link", text: name, url: url! });
    else spans.push({ kind: "break" });
  }
  if (last < text.length) spans.push({ kind: "text", text: text.slice(last) });
  return spans;
}
