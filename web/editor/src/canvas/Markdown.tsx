import { Fragment } from "react";
import { parseMarkdown, type Block, type Span } from "../graph/markdown";

/** A note's text, as elements; nothing in it is ever HTML. */
export function Markdown({ text }: { text: string }) {
  return <div className="markdown">{parseMarkdown(text).map((block, place) => show(block, place))}</div>;
}

function show(block: Block, key: number) {
  switch (block.kind) {
    case "heading":
      return (
        <p key={key} className={`heading level-${block.level}`} role="heading" aria-level={block.level + 1}>
          <Spans spans={block.spans} />
        </p>
      );
    case "list": {
      const List = block.ordered ? "ol" : "ul";
      return (
        <List key={key}>
          {block.items.map((spans, place) => (
            <li key={place}>
              <Spans spans={spans} />
            </li>
          ))}
        </List>
      );
    }
    case "code":
      return <pre key={key}>{block.text}</pre>;
    case "rule":
      return <hr key={key} />;
    default:
      return (
        <p key={key}>
          <Spans spans={block.spans} />
        </p>
      );
  }
}

function Spans({ spans }: { spans: readonly Span[] }) {
  return spans.map((span, place) => <Fragment key={place}>{inline(span)}</Fragment>);
}

function inline(span: Span) {
  switch (span.kind) {
    case "bold":
      return <strong>{span.text}</strong>;
    case "italic":
      return <em>{span.text}</em>;
    case "code":
      return <code>{span.text}</code>;
    case "break":
      return <br />;
    case "link":
      return (
        <a className="nodrag" href={span.url} target="_blank" rel="noopener noreferrer">
          {span.text}
        </a>
      );
    default:
      return span.text;
  }
}
