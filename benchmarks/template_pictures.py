"""`python -m benchmarks.template_pictures [NAME]...`: the small picture of each workflow in workflows/, by running it.

Writes workflows/thumbnails/NAME.webp, which the server's gallery of templates shows. Run it again for a workflow that
is new or draws something else.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import PIL.Image

from graph_engine import Engine, Folders, Result, SavedFiles, load

WORKFLOWS = Path(__file__).resolve().parents[1] / "workflows"
PICTURES = WORKFLOWS / "thumbnails"
SIDE = 256
MOST = 9
"""So many pictures of a batch are shown at most, in a square."""


@dataclass(frozen=True)
class Shown:
    """How a workflow is shown: the output that says most about it, inputs that make it fit, and for a sheet of
    many pictures the share of its width that is shown, as a square from the top left."""

    output: str = "image"
    inputs: dict[str, Any] = field(default_factory=dict)
    part: float = 0.0


SHOWN = {
    "clip_rerank": Shown("ranking"),
    "drawbench": Shown("sheet", {"per_category": 1}, part=1.0),
    "evaluate_clip_score": Shown("sheet", part=0.6),
    "evaluate_fid": Shown("sheet", part=0.4),
    "glide_edit_sequence": Shown("sheet"),
    "unclip_interpolate_captions": Shown(inputs={"stages": 3}),
    "unclip_interpolate_images": Shown(inputs={"stages": 3}),
    "unclip_text_diff": Shown(inputs={"stages": 3}),
}


def main() -> None:
    """Make the pictures of the named workflows, or of all."""
    names = sys.argv[1:] or sorted(path.stem for path in WORKFLOWS.glob("*.yaml"))
    engine = _engine()
    PICTURES.mkdir(exist_ok=True)
    for name in names:
        began = time.monotonic()
        shown = SHOWN.get(name, Shown())
        picture = _picture(engine.run(load(WORKFLOWS / f"{name}.yaml"), shown.inputs), shown)
        target = PICTURES / f"{name}.webp"
        picture.save(target, "WEBP", quality=80, method=6)
        size = f"{picture.width} x {picture.height}, {target.stat().st_size / 1000:.1f} kB"
        print(f"{target.relative_to(WORKFLOWS.parent)}: {size}, {time.monotonic() - began:.0f} s", flush=True)


def _engine() -> Engine:
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="template-pictures-"))
    return Engine(folders=Folders(outputs=folder, cache=folder / "cache"), device="cpu", dtype="float32")


def _picture(result: Result, shown: Shown) -> PIL.Image.Image:
    if result.status != "ok":
        raise SystemExit(f"it did not run: {result.error}")
    files = result.outputs[shown.output]
    assert isinstance(files, SavedFiles), f"the output {shown.output} is {type(files).__name__}, and no picture"
    whole = _square([PIL.Image.open(path).convert("RGB") for path in files.paths[:MOST]])
    if shown.part:
        side = round(whole.width * shown.part)
        whole = whole.crop((0, 0, side, min(side, whole.height)))
    scale = SIDE / max(whole.size)
    return whole.resize((round(whole.width * scale), round(whole.height * scale)), PIL.Image.Resampling.LANCZOS)


def _square(pictures: list[PIL.Image.Image]) -> PIL.Image.Image:
    """The pictures of a batch in a square of 1, 4 or 9, with a narrow space between them."""
    side = math.isqrt(len(pictures))
    width, height = pictures[0].size
    gap = 0 if side == 1 else max(1, width // 32)
    sheet = PIL.Image.new("RGB", (side * (width + gap) - gap, side * (height + gap) - gap), "white")
    for index, picture in enumerate(pictures[: side * side]):
        sheet.paste(picture, (index % side * (width + gap), index // side * (height + gap)))
    return sheet


if __name__ == "__main__":
    main()
