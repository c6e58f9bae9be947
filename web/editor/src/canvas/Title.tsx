import { set, useEditor } from "../state/store";

interface TitleProps {
  id: string;
  title: string;
  /** What is shown behind it, small. */
  small?: string;
  /** It cannot be changed. */
  fixed?: boolean;
  onDone: (text: string) => void;
}

/** A title, typed anew after a double-click or F2. */
export function Title({ id, title, small, fixed = false, onDone }: TitleProps) {
  const editing = useEditor((now) => now.renaming === id);
  const setEditing = (on: boolean) => set({ renaming: on ? id : "" });
  const done = (text: string) => {
    setEditing(false);
    if (text.trim() !== title) onDone(text.trim());
  };
  if (!editing) {
    return (
      <span className="name" onDoubleClick={() => setEditing(!fixed)}>
        {title}
        {small && <small>{small}</small>}
      </span>
    );
  }
  return (
    <input
      className="name nodrag"
      aria-label={`Title of ${id}`}
      defaultValue={title}
      autoFocus
      onFocus={(event) => event.target.select()}
      onBlur={(event) => done(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") done(event.currentTarget.value);
        if (event.key === "Escape") setEditing(false);
      }}
    />
  );
}
