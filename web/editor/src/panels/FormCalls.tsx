import { changedInputs, curlLine, sameWorkflow, shellLine } from "../graph/calls";
import { copyText } from "../state/share";
import { useEditor } from "../state/store";
import { CommandButton } from "./CommandButton";

/** The same call from a program and from a shell, with the values of the form. */
export function FormCalls() {
  const name = useEditor((now) => now.name);
  const document = useEditor((now) => now.history.present);
  const saved = useEditor((now) => now.saved);
  if (!name || !sameWorkflow(document, saved)) {
    return (
      <p className="about">
        Saved, the form is also an endpoint of the API and a command of the shell. <CommandButton id="file.save" text="Save" />
      </p>
    );
  }
  const values = changedInputs(document, saved);
  return (
    <details className="calls">
      <summary>The same from a program or a shell</summary>
      <Line what="HTTP" text={curlLine(location.origin, name, values)} hint="TOKEN is what stands in the file token of the server's data folder." />
      <Line what="shell" text={shellLine(name, values, document.inputs ?? {})} hint={`In the folder where ${name}.yaml is: the data folder's workflows/, or wherever you export it to.`} />
    </details>
  );
}

function Line({ what, text, hint }: { what: string; text: string; hint: string }) {
  return (
    <div className="call">
      <p>
        <strong>{what}</strong> <small>{hint}</small>
        <span className="space" />
        <button type="button" aria-label={`Copy the ${what} line`} onClick={() => void copyText(text, `the ${what} line`)}>
          Copy
        </button>
      </p>
      <pre tabIndex={0} aria-label={`The ${what} line`}>
        {text}
      </pre>
    </div>
  );
}
