"""`python -m benchmarks` (or `make bench`): measures everything on this machine and writes docs/benchmarks.md."""

from __future__ import annotations

import csv
import json
import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"


def main() -> None:
    """Run each benchmark in a process of its own and put the tables on one page; named ones are put in alone."""
    sections = {"pictures": pictures, "shell": shell, "engine": engine, "server": server, "editor": editor}
    sections["sampling"] = sampling
    wanted = sys.argv[1:] or list(sections)
    known = _known_sections()
    texts = [head()]
    for name, section in sections.items():
        text = section() if name in wanted else known.get(name, "")
        texts.append(f"<!-- {name} -->\n{text}")
    PAGE.write_text("\n\n".join(texts) + "\n", "utf-8")
    print(PAGE)


def _known_sections() -> dict[str, str]:
    """The sections of the page as it is."""
    parts = re.split(r"^<!-- (\w+) -->\n", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def script(name: str, *arguments: str) -> str:
    """What a benchmark prints."""
    print(f"{name} {' '.join(arguments)}", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *arguments],
        cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=True,
        env={**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2")},
    )  # fmt: skip
    return done.stdout.strip()


def head() -> str:
    """The page's title and the machine."""
    packages = ", ".join(f"{name} {version(name).split('+')[0]}" for name in ("torch", "diffusers", "transformers"))
    machine = f"{processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return f"# Benchmarks\n\nWritten by `make bench` on: {machine}; {packages}. Limits are the project's own goals."


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def pictures() -> str:
    """What the shipped models obey, from the table that their evaluation wrote."""
    spec = find_spec("graph_engine_shapes")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "models" / "glide"
    with open(folder / "evaluation.csv", newline="") as file:
        found = list(csv.DictReader(file))
    asked = ("objects_asked", "combinations", "guidance", "resolution")
    columns = (*asked, "obeyed", "objects", "colour", "shape", "relation")
    table = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    table += ["| " + " | ".join(_figure(row[column]) for column in columns) + " |" for row in found]
    card = json.loads((folder / "card.json").read_text("utf-8"))
    trainings = "\n".join(
        f"- `{training['command']}`: {training['minutes']} minutes, {training['pictures']:,} pictures"
        for training in card["trainings"].values()
    )
    return f"""## Pictures: what the judge reads back

`shapes/glide` on fresh prompts, {found[0]["prompts"]} a row; `held_out` are combinations of attributes that training
never saw. Limits: one object obeyed (colour, shape, background) 0.85, two objects both right (`objects`) 0.50, with
guidance 3. Written by `python -m graph_engine_shapes.evaluate`.

{chr(10).join(table)}

Trained on one core of such a machine:

{trainings}"""


def _figure(text: str) -> str:
    try:
        return f"{float(text):.3f}".rstrip("0").rstrip(".")
    except ValueError:
        return text


def shell() -> str:
    """Commands."""
    return f"## Commands: what a user waits for\n\n{script('shell')}"


def engine() -> str:
    """The engine alone."""
    return f"""## The engine alone: trivial nodes, CPU seconds

Limits: chain of 1,000 cold 0.2, cached 0.03; chain of 10,000 cold 2, cached 0.3; tree of 2,000 cold 0.4. ComfyUI
0.3.64 on a machine of the same size: a chain of 400 takes 5.7 cold and 7.1 cached, one of 1,000 is refused; a tree of
2,000 takes 5.7 cold and 1.3 cached. `check` is done once per workflow.

In memory, as ComfyUI's cache is:

{script("engine")}

With the cache folder on, which makes each result survive the process:

{script("engine", "--disk")}"""


def server() -> str:
    """The server, from outside."""
    return f"""## The server: real processes, HTTP on this machine

Nodes are trivial, and new in every run, so each result is also written to the cache folder, which is in memory here:
what is measured is the server, not the disk of the day. ComfyUI 0.3.64 on a machine of the same size: ready after 6.0 s
with 487 MB; 5 nodes 3.9 ms, 100 nodes 725 ms; its queue is in memory alone.

{script("server.speed")}"""


def editor() -> str:
    """The editor in a browser."""
    return f"""## The editor: frames a second in headless Chromium, software raster

Mouse moves are offered at 60 a second. `near` is zoom 1, `far` shows the whole graph. Limits: 200 nodes 50; 1,000 nodes
45 near and 30 far, opened in 2 s; 20 nodes opened in 1 s.

{script("editor")}"""


def sampling() -> str:
    """core.denoise against a loop by hand."""
    figures = json.loads(script("sampling", "--repeats", "15"))
    rows = [
        f"| {clock} | {one['engine_seconds']:.3f} | {one['by_hand_seconds']:.3f} | {one['ratio']:.3f} |"
        for clock, one in ((clock, figures[clock]) for clock in ("wall", "cpu"))
    ]
    same = "the same pixels" if figures["same_pixels"] else f"pixels differ by {figures['largest_difference']:.1e}"
    return f"""## Sampling: `core.denoise` against the same loop written by hand with diffusers

A batch of {figures["count"]}, {figures["steps"]} steps, classifier-free guidance; medians of interleaved repetitions,
limit 1.02; {same}.

| clock | engine s | by hand s | ratio |
|---|---|---|---|
{chr(10).join(rows)}"""


if __name__ == "__main__":
    main()
