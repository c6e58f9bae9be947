import { useEffect, useId, useRef, useState, type ReactNode } from "react";

interface SearchListProps<T> {
  label: string;
  placeholder: string;
  find: (query: string) => readonly T[];
  keyOf: (item: T) => string;
  show: (item: T) => ReactNode;
  onPick: (item: T) => void;
  nothing: string;
}

const MOST = 60;

/** A field to search in and what it finds: typed at once, moved through by the arrow keys, taken by Enter. */
export function SearchList<T>({ label, placeholder, find, keyOf, show, onPick, nothing }: SearchListProps<T>) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const found = find(query).slice(0, MOST);
  const chosen = Math.min(active, found.length - 1);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [chosen, query]);

  return (
    <>
      <input
        className="search"
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found[chosen] ? `${id}-${chosen}` : undefined}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        autoFocus
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setActive(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step !== 0) {
            event.preventDefault();
            setActive((chosen + step + found.length) % Math.max(found.length, 1));
          } else if (event.key === "Enter" && found[chosen] !== undefined) {
            event.preventDefault();
            onPick(found[chosen]);
          }
        }}
      />
      <ul id={id} ref={list} role="listbox" aria-label={label}>
        {found.map((item, index) => (
          <li key={keyOf(item)} id={`${id}-${index}`} role="option" aria-selected={index === chosen} onPointerMove={() => setActive(index)} onClick={() => onPick(item)}>
            {show(item)}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="nothing">{nothing}</p>}
    </>
  );
}
