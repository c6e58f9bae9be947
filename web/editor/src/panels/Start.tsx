import { useEffect, useState } from "react";
import { api, outputThumbnail } from "../api/client";
import type { Output, SavedWorkflow } from "../api/types";
import { open, openUnsaved } from "../state/files";
import { tellError } from "../state/notes";
import { closeDialog, Modal } from "./Modal";

/** Where one begins: the saved workflows, each with its newest picture, or an empty one. */
export function Start() {
  const [saved, setSaved] = useState<SavedWorkflow[] | null>(null);
  const [pictures, setPictures] = useState<Map<string, Output>>(new Map());
  useEffect(() => {
    api.workflows().then(setSaved, tellError);
    api.outputs("", 200).then(({ outputs }) => setPictures(newest(outputs)), () => undefined);
  }, []);
  return (
    <Modal label="Open a workflow" className="start">
      <header>
        <h2>Open a workflow</h2>
        <button type="button" aria-label="Close" onClick={closeDialog}>
          ×
        </button>
      </header>
      <ul className="cards">
        <li>
          <button type="button" className="card" onClick={() => void openUnsaved()}>
            <span className="thumb plus" aria-hidden="true">
              +
            </span>
            <strong>Empty</strong>
            <small>Wire something new.</small>
          </button>
        </li>
        {saved?.map((one) => (
          <li key={one.name}>
            <button type="button" className="card" disabled={Boolean(one.problem)} onClick={() => void open(one.name)}>
              <Thumb output={pictures.get(one.name)} />
              <strong>{one.title || one.name}</strong>
              <small>{one.problem || one.description || one.name}</small>
            </button>
          </li>
        ))}
      </ul>
      {saved?.length === 0 && (
        <p className="nothing">
          No workflow is saved on this server yet. Drop a YAML or JSON file on the canvas to bring one, or begin with an empty one.
        </p>
      )}
    </Modal>
  );
}

function Thumb({ output }: { output: Output | undefined }) {
  return output ? <img className="thumb" src={outputThumbnail(output.id, 256)} alt="" loading="lazy" /> : <span className="thumb none" aria-hidden="true" />;
}

function newest(outputs: Output[]): Map<string, Output> {
  const found = new Map<string, Output>();
  for (const output of outputs) if (output.picture && !output.missing && !found.has(output.workflow)) found.set(output.workflow, output);
  return found;
}
