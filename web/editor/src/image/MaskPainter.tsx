import { useEffect, useMemo, useState } from "react";
import { isMask, type FilePlace } from "../graph/pictures";
import { Modal } from "../panels/Modal";
import { tellError } from "../state/notes";
import { endPainting, leavePainter, nowPainting } from "../state/painter";
import { behind, fileUrl, places, type Seen } from "../state/pictures";
import { bodyOf, outerOf, set, state } from "../state/store";
import { WHOLE, type Size } from "./look";
import { blank, fromPixels, resized, type Mask } from "./mask";
import { MaskSurface } from "./MaskSurface";
import { MaskTools } from "./MaskTools";
import { readPixels, type Pixels } from "./pixels";

const USUAL: Size = { width: 64, height: 64 };

/** Paint where a picture is to be made anew: over the picture that goes where the mask goes. */
export function MaskPainter({ place }: { place: FilePlace }) {
  const seen = useMemo(() => behind(place), [place]);
  const [under, setUnder] = useState<Seen | null>(seen[0] ?? null);
  const [loaded, setLoaded] = useState<Loaded | null>(null);

  useEffect(() => {
    let ended = false;
    set({ look: WHOLE });
    load(place, under).then(
      (found) => ended || setLoaded(found),
      (error: unknown) => (tellError(error), setUnder(seen[seen.indexOf(under!) + 1] ?? null)),
    );
    return () => {
      ended = true;
    };
  }, [place, under, seen]);
  useEffect(() => endPainting, []);

  /** Another size, where no picture says it: what was painted is stretched. */
  const stretch = ({ width, height }: Size) => setLoaded({ mask: resized(nowPainting()!.mask, width, height), pixels: null });

  return (
    <Modal label="Paint a mask" className="painter" still onLeave={leavePainter}>
      <MaskTools seen={seen} under={under} onUnder={setUnder} picture={loaded?.pixels ?? null} size={loaded?.mask ?? null} onSize={stretch} />
      {loaded && <MaskSurface mask={loaded.mask} under={under} />}
    </Modal>
  );
}

interface Loaded {
  mask: Mask;
  /** Of the picture under it. */
  pixels: Pixels | null;
}

/** What is painted on: the mask that there is, or an empty one, of the size of the picture under it. */
async function load(place: FilePlace, under: Seen | null): Promise<Loaded> {
  const pixels = under ? await readPixels(under.url) : null;
  const old = nowPainting()?.mask ?? (await written(place));
  const { width, height } = pixels ?? old ?? USUAL;
  return { mask: old ? resized(old, width, height) : blank(width, height), pixels };
}

/** The mask that is there already; a file that cannot be read any more is none. */
async function written(place: FilePlace): Promise<Mask | null> {
  const now = state();
  const value = places().find((one) => one.node === place.node && one.input === place.input)?.value;
  if (typeof value !== "string" || !value || !isMask(bodyOf(now), now.catalog!, place, outerOf(now))) return null;
  try {
    const { width, height, data } = await readPixels(fileUrl(value));
    return { width, height, values: fromPixels(data, "brightness") };
  } catch {
    return null;
  }
}
