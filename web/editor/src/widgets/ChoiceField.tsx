import { useId, useState } from "react";
import type { FieldProps } from "./field";

const FEW = 8;

/** One of a few values; of many, with a search among them. */
export function ChoiceField(props: FieldProps) {
  return (props.widget.choices ?? []).length > FEW ? <SearchedChoice {...props} /> : <FewChoices {...props} />;
}

function FewChoices({ id, label, widget, value, invalid, onChange, onDone }: FieldProps) {
  const choices = widget.choices ?? [];
  const chosen = choices.findIndex((choice) => choice === value);
  return (
    <select
      id={id}
      className="nodrag"
      aria-label={label}
      aria-invalid={invalid || chosen < 0 || undefined}
      value={chosen}
      onChange={(event) => {
        onChange(choices[Number(event.target.value)]);
        onDone();
      }}
    >
      {chosen < 0 && <option value={-1}>{value === undefined ? "choose ..." : String(value)}</option>}
      {choices.map((choice, index) => (
        <option key={index} value={index}>
          {String(choice)}
        </option>
      ))}
    </select>
  );
}

/** While it is typed into, the field is empty but for the search: the browser lists what has the typed letters in it. */
function SearchedChoice({ id, label, widget, value, invalid, onChange, onDone }: FieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const list = useId();
  const choices = widget.choices ?? [];
  const shown = value === undefined || value === null ? "" : String(value);
  const find = (text: string) => choices.find((choice) => String(choice) === text);

  function take(text: string) {
    const words = text.toLowerCase();
    const found = find(text) ?? (words ? choices.find((choice) => String(choice).toLowerCase().includes(words)) : undefined);
    if (found !== undefined && found !== value) onChange(found);
    setTyped(null);
    onDone();
  }

  return (
    <>
      <input
        id={id}
        type="text"
        className="nodrag choice"
        list={list}
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        aria-invalid={invalid || (value !== undefined && !choices.includes(value)) || undefined}
        placeholder={shown || "choose ..."}
        value={typed ?? shown}
        onFocus={() => setTyped("")}
        onChange={(event) => (find(event.target.value) === undefined ? setTyped(event.target.value) : take(event.target.value))}
        onKeyDown={(event) => {
          if (event.key === "Enter") take(event.currentTarget.value);
          if (event.key === "Escape") setTyped(null);
        }}
        onBlur={(event) => take(event.target.value)}
      />
      <datalist id={list}>
        {choices.map((choice) => (
          <option key={String(choice)} value={String(choice)} />
        ))}
      </datalist>
    </>
  );
}
