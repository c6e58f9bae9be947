import { canRun, command } from "../commands/table";
import { keysOf } from "../state/settings";

interface ButtonProps {
  id: string;
  text: string;
  className?: string;
  disabled?: boolean;
  pressed?: boolean;
  /** For people who do not see where it stands, where the title of the command is too little. */
  label?: string;
}

/** What is written on a button is also said of it, or people who speak to it could not press it. */
const nameOf = (title: string, text: string) => (/^[A-Za-z ]{3,}$/.test(text) && !title.includes(text) ? `${text}: ${title}` : title);

/** A button that does a command; the pointer finds its keys in the hint. */
export function CommandButton({ id, text, className, disabled, pressed, label }: ButtonProps) {
  const one = command(id);
  return (
    <button type="button" className={className} aria-label={label ?? nameOf(one.title, text)} aria-pressed={pressed} title={`${one.title}${keysOf(one)[0] ? ` (${keysOf(one)[0]})` : ""}`} disabled={disabled} onClick={() => canRun(one) && void one.run()}>
      {text}
    </button>
  );
}
