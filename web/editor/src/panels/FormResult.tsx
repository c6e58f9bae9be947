import { useEffect, useState } from "react";
import { api } from "../api/client";
import type { OutputFile } from "../api/types";
import { filesIn } from "../graph/look";
import { fraction, hasEnded } from "../graph/progress";
import { set, useEditor } from "../state/store";
import { Failure } from "./Failure";

/** What came of the form's last run: each output under its name. */
export function FormResult() {
  const run = useEditor((now) => now.run);
  const previews = useEditor((now) => now.previews);
  const problems = useEditor((now) => now.problems);
  const [outputs, setOutputs] = useState<Record<string, unknown>>({});
  const ended = run?.state === "ok" ? run.id : "";
  useEffect(() => {
    if (ended) api.readRun(ended).then((found) => setOutputs(found.outputs ?? {}), () => undefined);
  }, [ended]);
  const going = run !== null && !hasEnded(run.state);
  const preview = going ? Object.values(previews).at(-1) : undefined;
  return (
    <section className="form-result" aria-label="Result" aria-live="polite">
      {going && <progress max={1} value={fraction(run)} aria-label="Progress of the run" />}
      {problems.map((one, index) => (
        <p key={index} className="error">
          {one.node && <strong>{one.node}: </strong>}
          {one.message}
        </p>
      ))}
      {run?.error && <Failure error={run.error} />}
      {preview && <img className="large" src={preview} alt="Preview of the work so far" />}
      {!preview && Object.entries(outputs).map(([name, value]) => <Output key={name} name={name} value={value} />)}
      {!going && Object.keys(outputs).length === 0 && problems.length === 0 && <p className="nothing">The result appears here.</p>}
    </section>
  );
}

function Output({ name, value }: { name: string; value: unknown }) {
  const files = filesIn(value);
  return (
    <section aria-label={name}>
      <h3>{name}</h3>
      {files.length > 0 ? <Files files={files} /> : <pre className="value">{typeof value === "string" ? value : JSON.stringify(value, null, 2)}</pre>}
    </section>
  );
}

function Files({ files }: { files: OutputFile[] }) {
  const pictures = files.filter((file) => /\.(png|jpe?g|webp)$/i.test(file.name));
  return (
    <div className={`pictures${pictures.length > 1 ? " many" : ""}`}>
      {files.map((file) => (
        <figure key={file.id}>
          {pictures.includes(file) && (
            <button type="button" className="picture" aria-label={`Look at ${file.name}`} onClick={() => set({ dialog: { kind: "picture", files: pictures, index: pictures.indexOf(file) } })}>
              <img className="large" src={file.url} alt={file.name} />
            </button>
          )}
          <figcaption>
            {file.name}
            <a href={file.url} download={file.name}>
              Download
            </a>
          </figcaption>
        </figure>
      ))}
    </div>
  );
}
