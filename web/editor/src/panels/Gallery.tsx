import { useEffect, useState } from "react";
import { api, outputThumbnail } from "../api/client";
import type { Output } from "../api/types";
import { NO_FILTER } from "../image/gallery";
import { fileOf, filterGallery, loadGallery, mark, pictures, setGallery, shown } from "../state/gallery";
import { tellError } from "../state/notes";
import { useEditor } from "../state/store";
import { showPictures } from "../state/viewer";
import { CommandButton } from "./CommandButton";

/** What runs wrote, newest first: found by text, workflow and day; each picture gives its workflow back. */
export function Gallery() {
  const gallery = useEditor((now) => now.gallery);
  const ended = useEditor((now) => `${now.run?.id} ${now.run?.state}`);
  useEffect(() => void loadGallery(), [ended]);
  const all = shown();
  const filtered = JSON.stringify(gallery.filter) !== JSON.stringify(NO_FILTER);
  return (
    <div className={`gallery-panel${gallery.wide ? " wide" : ""}`}>
      <Filter />
      <Actions />
      <ul className="gallery" data-scope="gallery" aria-label="Outputs">
        {all.map((output, index) => (
          <Item key={output.id} output={output} marked={gallery.marked.includes(output.id)} tabbable={gallery.at ? gallery.at === output.id : index === 0} />
        ))}
      </ul>
      {gallery.next && (
        <button type="button" className="more" onClick={() => void loadGallery(true)}>
          Older ones
        </button>
      )}
      {all.length === 0 && <p className="nothing">{filtered ? "Nothing is like this." : "No run has written anything yet."}</p>}
    </div>
  );
}

function Filter() {
  const { text, workflow, since, until } = useEditor((now) => now.gallery.filter);
  const [workflows, setWorkflows] = useState<string[]>([]);
  useEffect(() => void api.workflows().then((found) => setWorkflows(found.map(({ name }) => name)), tellError), []);
  return (
    <form className="filter" role="search" aria-label="Filter the gallery" onSubmit={(event) => event.preventDefault()}>
      <input type="search" aria-label="Text" placeholder="Search" value={text} onChange={(event) => filterGallery({ text: event.target.value })} />
      <select aria-label="Workflow" value={workflow} onChange={(event) => filterGallery({ workflow: event.target.value })}>
        <option value="">all workflows</option>
        {workflows.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <label>
        from <input type="date" value={since} onChange={(event) => filterGallery({ since: event.target.value })} />
      </label>
      <label>
        to <input type="date" value={until} onChange={(event) => filterGallery({ until: event.target.value })} />
      </label>
    </form>
  );
}

function Actions() {
  const marked = useEditor((now) => now.gallery.marked.length);
  const wide = useEditor((now) => now.gallery.wide);
  return (
    <div className="actions">
      <CommandButton id="gallery.wide" text={wide ? "Narrow" : "Wide"} />
      <span className="space" />
      {marked > 0 && <small>{marked} marked</small>}
      {marked === 2 && <CommandButton id="gallery.compare" text="Compare" />}
      {marked > 0 && <CommandButton id="gallery.delete" text="Delete" />}
    </div>
  );
}

/** One file; its keys are those of the gallery's commands. */
function Item({ output, marked, tabbable }: { output: Output; marked: boolean; tabbable: boolean }) {
  const name = output.path;
  const shared = { "data-output": output.id, tabIndex: tabbable ? 0 : -1, onFocus: () => setGallery({ at: output.id }) };
  return (
    <li className={marked ? "marked" : ""} title={`${name}\n${new Date(output.created * 1000).toLocaleString()}${output.workflow ? `\n${output.workflow}` : ""}`}>
      {output.picture ? (
        <button type="button" className="picture" {...shared} aria-label={`Look at ${name}`} onClick={(event) => (event.ctrlKey || event.metaKey ? mark(output.id) : showPictures(pictures(), fileOf(output).id))}>
          <img src={outputThumbnail(output.id, 256)} alt={name} loading="lazy" />
        </button>
      ) : (
        <a href={output.url} download {...shared}>
          {name}
        </a>
      )}
      <p>
        <input type="checkbox" aria-label={`Mark ${name}`} checked={marked} onChange={() => mark(output.id)} />
        <small>{name}</small>
        {output.picture && <Act id="gallery.workflow" output={output} label={`Open the workflow of ${name}`} sign="↗" />}
        <Act id="gallery.delete" output={output} label={`Delete ${name}`} sign="×" />
      </p>
    </li>
  );
}

/** A command on one file, whatever is marked. */
function Act({ id, output, label, sign }: { id: string; output: Output; label: string; sign: string }) {
  return (
    <span onPointerDown={() => setGallery({ at: output.id, marked: [] })} onKeyDown={() => setGallery({ at: output.id, marked: [] })}>
      <CommandButton id={id} text={sign} className="small" label={label} />
    </span>
  );
}
