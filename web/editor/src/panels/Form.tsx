import { declaredWidget } from "../graph/catalog";
import { INPUTS, type InputDecl } from "../graph/document";
import { setValue } from "../graph/edit";
import { problemsOf } from "../graph/progress";
import { editWhole, sealHistory } from "../state/document";
import { useModelNames } from "../state/models";
import { useEditor } from "../state/store";
import { widgetFor } from "../widgets/registry";
import { CommandButton } from "./CommandButton";
import { FormCalls } from "./FormCalls";
import { FormResult } from "./FormResult";

/** The workflow for people who do not want nodes: what it asks for, its result, and how to call it from elsewhere. */
export function Form() {
  const title = useEditor((now) => now.history.present.title || now.name || "Untitled");
  const description = useEditor((now) => now.history.present.description);
  const inputs = useEditor((now) => now.history.present.inputs);
  const outputs = useEditor((now) => Object.keys(now.history.present.outputs ?? {}).length);
  const names = Object.keys(inputs ?? {});
  return (
    <div className="form-view">
      <section className="form" aria-label="Form">
        <h2>{title}</h2>
        {description && <p className="about">{description}</p>}
        {names.length === 0 && <p className="nothing">This workflow asks for nothing. In the graph, press ⇤ beside an input of a node, and it is asked for here.</p>}
        {outputs === 0 && <p className="nothing">It gives nothing yet. In the graph, press ○ beside an output of a node.</p>}
        {names.map((name) => (
          <Field key={name} name={name} decl={inputs![name]!} />
        ))}
        <p className="buttons">
          <CommandButton id="face" text="Edit the form" />
          <span className="space" />
          <CommandButton id="run" text="Run ▶" className="primary" />
        </p>
        <FormCalls />
      </section>
      <FormResult />
    </div>
  );
}

function Field({ name, decl }: { name: string; decl: InputDecl }) {
  const catalog = useEditor((now) => now.catalog)!;
  const error = useEditor((now) => problemsOf(now.problems, INPUTS).find((one) => one.input === name)?.message);
  const names = useModelNames(INPUTS, name);
  const widget = declaredWidget(decl, catalog);
  const Widget = widgetFor(widget);
  const id = `form-${name}`;
  const about = [decl.description, decl.min !== undefined && decl.max !== undefined ? `${decl.min} to ${decl.max}` : ""].filter(Boolean).join("; ");
  return (
    <div className="form-field">
      <label htmlFor={Widget ? id : undefined}>{words(name)}</label>
      {about && <small>{about}</small>}
      {Widget ? (
        <Widget
          id={id}
          label={words(name)}
          place={{ node: INPUTS, input: name }}
          widget={widget}
          value={decl.default}
          names={names}
          invalid={error !== undefined}
          onChange={(value) => editWhole((root) => ({ ...root, ...setValue(root, INPUTS, name, value) }), `value:${INPUTS}.${name}`)}
          onDone={sealHistory}
        />
      ) : (
        <small>A {decl.type}, which only another workflow can give.</small>
      )}
      {error && <p className="error">{error}</p>}
    </div>
  );
}

/** `guidance_scale` as people write it. */
function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
