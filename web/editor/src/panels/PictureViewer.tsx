import { useEffect, useState } from "react";
import type { OutputFile } from "../api/types";
import type { Point } from "../image/layer";
import { WHOLE } from "../image/look";
import { PixelView } from "../image/PixelView";
import { readPixels, type Pixels } from "../image/pixels";
import { tellError } from "../state/notes";
import { set, useEditor } from "../state/store";
import { CommandButton } from "./CommandButton";
import { closeDialog, Modal } from "./Modal";

/** A picture by its pixels: zoomed and panned, with the colour under the pointer; arrows lead to the next. */
export function PictureViewer({ files, index }: { files: readonly OutputFile[]; index: number }) {
  const file = files[index]!;
  const pixels = usePixels(file.url);
  const [point, setPoint] = useState<Point | null>(null);
  useEffect(() => set({ look: WHOLE }), []);
  return (
    <Modal label={file.name} className="viewer" still>
      <div className="viewer-body">
        <header>
          <h2>{file.name}</h2>
          <CommandButton id="picture.copy" text="Copy" />
          <CommandButton id="picture.download" text="Download" />
          <CommandButton id="picture.send" text="Send to ..." />
          <CommandButton id="picture.compare" text="Compare" />
          <CommandButton id="picture.workflow" text="Its workflow" />
          <CommandButton id="picture.delete" text="Delete" />
          <button type="button" aria-label="Close" onClick={closeDialog}>
            ×
          </button>
        </header>
        {pixels && (
          <PixelView picture={pixels} label={`${file.name}, ${pixels.width} by ${pixels.height} pixels`} onHover={setPoint}>
            <img src={file.url} alt={file.name} width={pixels.width} height={pixels.height} draggable={false} />
          </PixelView>
        )}
        <footer>
          {files.length > 1 && (
            <>
              <CommandButton id="picture.previous" text="‹" />
              <span>
                {index + 1} / {files.length}
              </span>
              <CommandButton id="picture.next" text="›" />
            </>
          )}
          <ZoomButtons within="picture" />
          <Readout pixels={pixels} point={point} />
        </footer>
      </div>
    </Modal>
  );
}

/** How close one looks, in words and buttons. */
export function ZoomButtons({ within }: { within: "picture" | "compare" }) {
  const zoom = useEditor((now) => now.look.zoom);
  return (
    <>
      <CommandButton id={`${within}.out`} text="−" />
      <span className="zoom">{zoom === 0 ? "all" : `${Math.round(zoom * 100)} %`}</span>
      <CommandButton id={`${within}.in`} text="+" />
      <CommandButton id={`${within}.whole`} text="All" />
      <CommandButton id={`${within}.pixels`} text="100 %" />
    </>
  );
}

/** The place of a pixel and its colour; where there is none, the size of the picture. */
function Readout({ pixels, point }: { pixels: Pixels | null; point: Point | null }) {
  if (!pixels) return <output>...</output>;
  const { width, height, data } = pixels;
  const [x, y] = [Math.floor(point?.x ?? -1), Math.floor(point?.y ?? -1)];
  if (x < 0 || y < 0 || x >= width || y >= height) {
    return (
      <output className="readout">
        {width} × {height}
      </output>
    );
  }
  const [red, green, blue, alpha] = data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4);
  const hex = `#${[red, green, blue].map((part) => part!.toString(16).padStart(2, "0")).join("")}`;
  return (
    <output className="readout">
      x {x}, y {y} <span className="swatch" style={{ background: hex }} /> {hex} ({red}, {green}, {blue}
      {alpha === 255 ? "" : `, ${alpha}`})
    </output>
  );
}

/** The pixels of a picture; those of the last one until the next is here. */
export function usePixels(url: string): Pixels | null {
  const [pixels, setPixels] = useState<Pixels | null>(null);
  useEffect(() => {
    let ended = false;
    readPixels(url).then((found) => ended || setPixels(found), tellError);
    return () => {
      ended = true;
    };
  }, [url]);
  return pixels;
}
