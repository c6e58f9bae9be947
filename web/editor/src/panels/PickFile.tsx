import { useEffect, useRef, useState } from "react";
import { api, assetThumbnail, inputUrl, outputThumbnail } from "../api/client";
import type { Asset, Output } from "../api/types";
import type { FilePlace } from "../graph/pictures";
import { setValue } from "../graph/edit";
import { fileOf } from "../state/gallery";
import { edit, sealHistory } from "../state/document";
import { tellError } from "../state/notes";
import { set, state } from "../state/store";
import { send } from "../state/viewer";
import { closeDialog, Modal } from "./Modal";

/** Pictures to choose from for an input: what was uploaded, what lies beside the workflows, what runs wrote. */
export function PickFile({ place }: { place: FilePlace }) {
  const [assets, setAssets] = useState<readonly Asset[]>([]);
  const [next, setNext] = useState("");
  const [outputs, setOutputs] = useState<readonly Output[]>([]);
  const [query, setQuery] = useState("");
  const beside = state().pictures;

  useEffect(() => {
    api.assets("").then((page) => (setAssets(page.assets), setNext(page.next)), tellError);
    api.outputs({ pictures: "true", limit: "60" }).then((page) => setOutputs(page.outputs.filter((one) => !one.missing)), tellError);
  }, []);

  function take(file: string) {
    edit((body) => setValue(body, place.node, place.input, file));
    sealHistory();
    set({ dialog: null });
  }

  const like = (name: string) => name.toLowerCase().includes(query.toLowerCase());
  return (
    <Modal label={`Choose a picture for ${place.input} of ${place.node}`} className="picker">
      <header>
        <h2>Choose a picture</h2>
        <input className="search" type="search" aria-label="Search pictures" placeholder="Search" value={query} onChange={(event) => setQuery(event.target.value)} />
        <Upload onDone={take} />
        <button type="button" aria-label="Close" onClick={closeDialog}>
          ×
        </button>
      </header>
      <Pictures title="Uploaded" all={assets.filter((one) => like(one.name)).map((one) => ({ key: one.id, name: one.name, url: assetThumbnail(one.id, 128), take: () => take(one.id) }))} />
      {next && (
        <button type="button" onClick={() => void api.assets(next).then((page) => (setAssets([...assets, ...page.assets]), setNext(page.next)), tellError)}>
          Older uploads
        </button>
      )}
      <Pictures title="Beside the workflows" all={beside.filter(like).map((path) => ({ key: path, name: path, url: inputUrl(path, 128), take: () => take(path) }))} />
      <Pictures title="Made by runs" all={outputs.filter((one) => like(one.path)).map((one) => ({ key: one.id, name: one.path, url: outputThumbnail(one.id, 128), take: () => void send(fileOf(one), place) }))} />
    </Modal>
  );
}

interface Choice {
  key: string;
  name: string;
  url: string;
  take: () => void;
}

function Pictures({ title, all }: { title: string; all: readonly Choice[] }) {
  const list = useRef<HTMLUListElement>(null);
  if (all.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul className="choices" ref={list} aria-label={title}>
        {all.map((one) => (
          <li key={one.key}>
            <button type="button" title={one.name} aria-label={one.name} onClick={one.take}>
              <img src={one.url} alt="" loading="lazy" />
              <small>{one.name}</small>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Upload({ onDone }: { onDone: (id: string) => void }) {
  return (
    <label className="button">
      Upload
      <input
        type="file"
        className="hidden"
        aria-label="Upload a picture"
        accept=".png,.jpg,.jpeg,.webp"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) api.upload(file).then((asset) => onDone(asset.id), tellError);
        }}
      />
    </label>
  );
}
