import { canRun, command } from "../commands/table";

interface ButtonProps {
  id: string;
  text: string;
  className?: string;
  disabled?: boolean;
  pressed?: boolean;
  /** For people who do not see where it stands, where the title of the command is too little. */
  label?: string;
}

/** A button that does a command; the pointer finds its keys in the hint. */
export function CommandButton({ id, text, className, disabled, pressed, label }: ButtonProps) {
  const one = command(id);
  return (
    <button type="button" className={className} aria-label={label ?? one.title} aria-pressed={pressed} title={`${one.title}${one.keys[0] ? ` (${one.keys[0]})` : ""}`} disabled={disabled} onClick={() => canRun(one) && void one.run()}>
      {text}
    </button>
  );
}
