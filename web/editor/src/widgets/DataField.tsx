import { useState } from "react";
import { readList, writeList } from "../graph/values";
import type { FieldProps } from "./field";

/** A list, one element a line; or any other data, as JSON. */
export function DataField({ id, label, widget, value, invalid, onChange, onDone }: FieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const list = widget.type === "list";
  const written = value === undefined || value === null ? "" : list ? writeList(value) : JSON.stringify(value, null, 1);
  const broken = typed !== null && !list && parse(typed) === undefined;

  function take() {
    if (typed !== null) {
      const found = list ? readList(typed) : parse(typed);
      if (found !== undefined) onChange(found);
    }
    setTyped(null);
    onDone();
  }

  return (
    <textarea
      id={id}
      className="data nodrag nowheel"
      rows={2}
      aria-label={label}
      aria-invalid={invalid || broken || undefined}
      placeholder={list ? "one a line" : "JSON"}
      spellCheck={false}
      value={typed ?? written}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={take}
    />
  );
}

function parse(text: string): unknown {
  try {
    return text.trim() ? (JSON.parse(text) as unknown) : null;
  } catch {
    return undefined;
  }
}
