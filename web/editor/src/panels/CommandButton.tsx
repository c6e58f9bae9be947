import { canRun, command } from "../commands/table";

interface ButtonProps {
  id: string;
  text: string;
  className?: string;
  disabled?: boolean;
  pressed?: boolean;
}

/** A button that does a command; the pointer finds its keys in the hint. */
export function CommandButton({ id, text, className, disabled, pressed }: ButtonProps) {
  const one = command(id);
  return (
    <button type="button" className={className} aria-label={one.title} aria-pressed={pressed} title={`${one.title}${one.keys[0] ? ` (${one.keys[0]})` : ""}`} disabled={disabled} onClick={() => canRun(one) && void one.run()}>
      {text}
    </button>
  );
}
