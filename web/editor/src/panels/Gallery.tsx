import { useCallback, useEffect, useState } from "react";
import { api, outputThumbnail } from "../api/client";
import type { Output } from "../api/types";
import { openUnsaved } from "../state/files";
import { tell, tellError } from "../state/notes";
import { set, useEditor } from "../state/store";

/** What runs wrote, newest first; each picture gives its workflow back. */
export function Gallery() {
  const [outputs, setOutputs] = useState<Output[]>([]);
  const [next, setNext] = useState("");
  const ended = useEditor((now) => `${now.run?.id} ${now.run?.state}`);
  const load = useCallback((after: string) => {
    api.outputs(after).then((page) => {
      setOutputs((old) => (after ? [...old, ...page.outputs] : page.outputs));
      setNext(page.next);
    }, tellError);
  }, []);
  useEffect(() => load(""), [load, ended]);

  const shown = outputs.filter((output) => !output.missing);
  const pictures = shown.filter((output) => output.picture).map(({ id, path, url, bytes }) => ({ id, name: path, url, bytes }));

  async function restore(output: Output) {
    try {
      await openUnsaved(await api.outputWorkflow(output.id));
      tell(`The workflow that made ${output.path}`);
    } catch (error) {
      tellError(error);
    }
  }

  async function remove(output: Output) {
    try {
      await api.deleteOutput(output.id);
      setOutputs((old) => old.filter((one) => one.id !== output.id));
      tell(`${output.path} was moved to the server's trash`);
    } catch (error) {
      tellError(error);
    }
  }

  return (
    <>
      <ul className="gallery">
        {shown.map((output) => (
          <li key={output.id}>
            {output.picture ? (
              <button type="button" className="picture" aria-label={`Look at ${output.path}`} onClick={() => set({ dialog: { kind: "picture", files: pictures, index: pictures.findIndex((one) => one.id === output.id) } })}>
                <img src={outputThumbnail(output.id, 256)} alt={output.path} loading="lazy" />
              </button>
            ) : (
              <a href={output.url} download>
                {output.path}
              </a>
            )}
            <p>
              <small>{output.path}</small>
              {output.picture && (
                <button type="button" className="small" aria-label={`Open the workflow of ${output.path}`} title="Open the workflow that made it" onClick={() => void restore(output)}>
                  ⑂
                </button>
              )}
              <button type="button" className="small" aria-label={`Delete ${output.path}`} title="Move to the trash" onClick={() => void remove(output)}>
                ×
              </button>
            </p>
          </li>
        ))}
      </ul>
      {next && (
        <button type="button" className="more" onClick={() => load(next)}>
          Older ones
        </button>
      )}
      {shown.length === 0 && <p className="nothing">No run has written anything yet.</p>}
    </>
  );
}
