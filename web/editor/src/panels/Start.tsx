import { useEffect, useState } from "react";
import { api, outputThumbnail, templatePicture } from "../api/client";
import type { Output, SavedWorkflow, Template } from "../api/types";
import { dropFile } from "../canvas/drop";
import { search } from "../graph/fuzzy";
import { open, openTemplate, openUnsaved } from "../state/files";
import { tellError } from "../state/notes";
import { Card } from "./Card";
import { FileActions } from "./FileActions";
import { closeDialog, Modal } from "./Modal";

/** Where one begins: the workflows saved here, those that come with the program, or an empty one. */
export function Start() {
  const [saved, setSaved] = useState<SavedWorkflow[] | null>(null);
  const [templates, setTemplates] = useState<Template[]>([]);
  const [pictures, setPictures] = useState<Map<string, Output>>(new Map());
  const [query, setQuery] = useState("");
  const load = () => void api.workflows().then(setSaved, tellError);
  useEffect(() => {
    load();
    api.templates().then(setTemplates, tellError);
    api.outputs({ limit: "200" }).then(({ outputs }) => setPictures(newest(outputs)), () => undefined);
  }, []);
  const mine = search(query, saved ?? [], (one) => [one.title, one.name, one.description]);
  const shipped = search(query, templates, (one) => [one.title, one.name, one.system, one.description]);
  const ready = shipped.filter((one) => one.models.every((model) => model.installed));
  return (
    <Modal label="Open a workflow" className="start">
      <header>
        <h2>Open a workflow</h2>
        <input type="search" aria-label="Search workflows" placeholder="Search" value={query} onChange={(event) => setQuery(event.target.value)} autoFocus />
        <label className="button">
          Open a file
          <input type="file" className="hidden" aria-label="Open a file" accept=".yaml,.yml,.json,.png" onChange={(event) => event.target.files?.[0] && void dropFile(event.target.files[0], { x: 0, y: 0 })} />
        </label>
        <button type="button" onClick={() => void openUnsaved()}>
          Empty workflow
        </button>
        <button type="button" aria-label="Close" onClick={closeDialog}>
          ×
        </button>
      </header>
      <section aria-label="Saved on this server">
        <h3>Saved on this server</h3>
        <ul className="cards">
          {mine.map((one) => (
            <li key={one.name}>
              <Card picture={thumbnail(pictures.get(one.name))} title={one.title || one.name} text={one.problem || one.description || one.name} disabled={Boolean(one.problem)} onOpen={() => void open(one.name)} />
              <FileActions name={one.name} onChange={load} />
            </li>
          ))}
        </ul>
        {saved && mine.length === 0 && <p className="nothing">{saved.length === 0 ? "Nothing is saved yet. Begin with a template, or drop a YAML, JSON or PNG file on the canvas." : "Nothing of this name is saved."}</p>}
      </section>
      <Templates title="Templates" templates={ready} />
      <Templates title="Templates for models that are not here yet" templates={shipped.filter((one) => !ready.includes(one))} />
    </Modal>
  );
}

function Templates({ title, templates }: { title: string; templates: readonly Template[] }) {
  if (templates.length === 0) return null;
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <ul className="cards">
        {templates.map((one) => (
          <li key={one.name}>
            <Card picture={one.picture ? templatePicture(one.name) : null} title={one.title || one.name} text={one.problem || one.description} note={needs(one)} disabled={Boolean(one.problem)} onOpen={() => void openTemplate(one.name)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What a template needs that is not here. */
function needs({ models }: Template): string {
  const missing = models.filter((one) => !one.installed).map((one) => one.name);
  return missing.length > 0 ? `needs ${missing.join(", ")}, not installed here` : "";
}

const thumbnail = (output: Output | undefined) => (output ? outputThumbnail(output.id, 256) : null);

function newest(outputs: Output[]): Map<string, Output> {
  const found = new Map<string, Output>();
  for (const output of outputs) if (output.picture && !output.missing && !found.has(output.workflow)) found.set(output.workflow, output);
  return found;
}
