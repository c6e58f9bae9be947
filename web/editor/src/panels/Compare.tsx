import { useEffect, useState, type CSSProperties } from "react";
import type { OutputFile } from "../api/types";
import { WHOLE } from "../image/look";
import { PixelView } from "../image/PixelView";
import type { CompareMode } from "../image/gallery";
import { choose, goOnFlickering, MODES } from "../state/compare";
import { set } from "../state/store";
import { CommandButton } from "./CommandButton";
import { closeDialog, Modal } from "./Modal";
import { usePixels, ZoomButtons } from "./PictureViewer";

interface CompareProps {
  files: readonly OutputFile[];
  pair: readonly [number, number];
  mode: CompareMode;
  still: "a" | "b" | undefined;
}

const FLICKER_MS = 500;
const GRIP = 14;

/** Two pictures under one zoom: by a slider, by turns, side by side, or what differs between them. */
export function Compare({ files, pair, mode, still }: CompareProps) {
  const [a, b] = [files[pair[0]]!, files[pair[1]]!];
  const size = usePixels(a.url);
  const [split, setSplit] = useState(0.5);
  const [loud, setLoud] = useState(false);
  const turn = useFlicker(mode === "flicker" && !still);
  useEffect(() => set({ look: WHOLE }), []);
  const front = still ?? turn;
  return (
    <Modal label="Compare" className="viewer" still>
      <div className="viewer-body">
        <header>
          <h2>Compare</h2>
          {MODES.map(({ id, title }) => (
            <CommandButton key={id} id={`compare.${id}`} text={title} pressed={mode === id} />
          ))}
          <CommandButton id="compare.swap" text="⇄" />
          <button type="button" aria-label="Close" onClick={closeDialog}>
            ×
          </button>
        </header>
        <div className="compare-pair">
          <Choice side={0} files={files} index={pair[0]} />
          <Choice side={1} files={files} index={pair[1]} />
        </div>
        {size && (
          <div className={loud ? "compared loud" : "compared"} data-mode={mode} style={{ "--split": split } as CSSProperties} data-front={front}>
            <PixelView
              picture={size}
              label={mode === "side" ? a.name : `${a.name} and ${b.name}`}
              pans={(event, { x }, zoom) => mode !== "slider" || event.button !== 0 || Math.abs(x - split * size.width) * zoom > GRIP}
              onDrag={([point]) => setSplit(Math.max(0, Math.min(1, point!.x / size.width)))}
            >
              <img src={a.url} alt={a.name} width={size.width} height={size.height} draggable={false} className="a" />
              {mode !== "side" && <img src={b.url} alt={b.name} width={size.width} height={size.height} draggable={false} className="b" />}
              {mode === "slider" && <span className="split" />}
            </PixelView>
            {mode === "side" && (
              <PixelView picture={size} label={b.name}>
                <img src={b.url} alt={b.name} width={size.width} height={size.height} draggable={false} />
              </PixelView>
            )}
          </div>
        )}
        <footer>
          {mode === "slider" && <input type="range" aria-label="Where the one ends and the other begins" min={0} max={1} step={0.01} value={split} onChange={(event) => setSplit(Number(event.target.value))} />}
          {mode === "flicker" && (
            <>
              <CommandButton id="compare.toggle" text={front.toUpperCase()} label={`${front.toUpperCase()} is shown; show the other one`} />
              <button type="button" disabled={!still} onClick={goOnFlickering}>
                By turns
              </button>
            </>
          )}
          {mode === "difference" && (
            <button type="button" aria-pressed={loud} onClick={() => setLoud(!loud)}>
              8 times stronger
            </button>
          )}
          <ZoomButtons within="compare" />
        </footer>
      </div>
    </Modal>
  );
}

function Choice({ side, files, index }: { side: 0 | 1; files: readonly OutputFile[]; index: number }) {
  const name = side === 0 ? "A" : "B";
  return (
    <label>
      {name}{" "}
      <select aria-label={`Picture ${name}`} value={index} onChange={(event) => choose(side, Number(event.target.value))}>
        {files.map((file, at) => (
          <option key={file.id} value={at}>
            {file.name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The one and the other by turns; whoever wants no motion turns them by a key. */
function useFlicker(on: boolean): "a" | "b" {
  const [front, setFront] = useState<"a" | "b">("a");
  useEffect(() => {
    if (!on || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const timer = setInterval(() => setFront((old) => (old === "a" ? "b" : "a")), FLICKER_MS);
    return () => clearInterval(timer);
  }, [on]);
  return front;
}
