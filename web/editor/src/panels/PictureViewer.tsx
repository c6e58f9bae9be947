import { useState } from "react";
import { api } from "../api/client";
import type { OutputFile } from "../api/types";
import { openUnsaved } from "../state/files";
import { tell, tellError } from "../state/notes";
import { closeDialog, Modal } from "./Modal";

/** Pictures at full size: arrows for the next, wheel or + and - to enlarge, by whole pixels. */
export function PictureViewer({ files, index }: { files: OutputFile[]; index: number }) {
  const [at, setAt] = useState(index);
  const [zoom, setZoom] = useState(0);
  const file = files[at]!;
  const go = (by: number) => setAt((at + by + files.length) % files.length);
  const enlarge = (by: number) => setZoom((old) => Math.max(0, Math.min(16, old + by)));

  async function restore() {
    try {
      await openUnsaved(await api.outputWorkflow(file.id));
      tell(`The workflow that made ${file.name}`);
    } catch (error) {
      tellError(error);
    }
  }

  return (
    <Modal label={file.name} className="viewer">
      <div
        className="viewer-body"
        onKeyDown={(event) => {
          if (event.key === "ArrowRight") go(1);
          else if (event.key === "ArrowLeft") go(-1);
          else if (event.key === "+" || event.key === "=") enlarge(1);
          else if (event.key === "-") enlarge(-1);
          else if (event.key === "0") setZoom(0);
        }}
      >
        <header>
          <h2>{file.name}</h2>
          <button type="button" aria-label="Smaller" onClick={() => enlarge(-1)}>
            −
          </button>
          <span>{zoom === 0 ? "fit" : `${zoom}×`}</span>
          <button type="button" aria-label="Larger" onClick={() => enlarge(1)} autoFocus>
            +
          </button>
          <button type="button" onClick={() => void restore()}>
            Open its workflow
          </button>
          <a className="button" href={file.url} download={file.name}>
            Download
          </a>
          <button type="button" aria-label="Close" onClick={closeDialog}>
            ×
          </button>
        </header>
        <div className="stagebox" onWheel={(event) => enlarge(event.deltaY < 0 ? 1 : -1)}>
          <Shown key={file.id} file={file} zoom={zoom} />
        </div>
        {files.length > 1 && (
          <footer>
            <button type="button" aria-label="Previous picture" onClick={() => go(-1)}>
              ‹
            </button>
            {at + 1} / {files.length}
            <button type="button" aria-label="Next picture" onClick={() => go(1)}>
              ›
            </button>
          </footer>
        )}
      </div>
    </Modal>
  );
}

function Shown({ file, zoom }: { file: OutputFile; zoom: number }) {
  const [width, setWidth] = useState(0);
  return <img className={zoom === 0 ? "fit" : "pixels"} src={file.url} alt={file.name} onLoad={(event) => setWidth(event.currentTarget.naturalWidth)} style={zoom > 0 && width > 0 ? { width: width * zoom } : undefined} />;
}
