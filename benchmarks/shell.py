"""What a user waits for: commands measured from the shell, each in a new process with folders of its own.

python benchmarks/shell.py             prints the table
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GLIDE = str(ROOT / "workflows" / "glide.yaml")
PROMPT = ("--prompt", "a large red circle above a small blue square")
HEAVY = ("torch", "diffusers", "transformers")


@dataclass
class Timing:
    """One command: seconds on the wall and of the processor, what it printed, and which heavy modules it imported."""

    wall: float
    cpu: float
    out: str
    imported: list[str]


def command(folder: Path, *arguments: str) -> Timing:
    """Run `graph-engine` once and measure it."""
    own = {f"GRAPH_ENGINE_{name.upper()}": str(folder / name) for name in ("data", "cache", "outputs")}
    tell = "import atexit, sys; atexit.register(lambda: print(*sorted(sys.modules), file=open(sys.argv.pop(), 'w')));"
    script = (
        f"{tell} from graph_engine.cli import main; path = sys.argv[-1]; code = main(sys.argv[1:-1]); sys.exit(code)"
    )
    modules = folder / "modules"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments, str(modules)],
        env={**os.environ, **own}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    loaded = set(modules.read_text().split())
    return Timing(wall, cpu, done.stdout, [name for name in HEAVY if name in loaded])


def quick(folder: Path, *arguments: str) -> Timing:
    """The median of five runs of a command that needs no model."""
    timings = [command(folder, *arguments) for _ in range(5)]
    wall = statistics.median(timing.wall for timing in timings)
    return Timing(wall, statistics.median(timing.cpu for timing in timings), timings[0].out, timings[0].imported)


def rows(folder: Path) -> list[tuple[str, str, Timing, str]]:
    """What was run, its limit, its timing, and what else is to be said."""
    found = []
    first = command(folder, "run", GLIDE, *PROMPT, "--json")
    nodes = json.loads(first.out)["nodes"]
    sampling = nodes["base"]["seconds"] + nodes["upsample"]["seconds"]
    rest = f"{first.wall - sampling:.1f} s of it start-up, imports and loading (limit 6 s)"
    found.append(("`run glide.yaml`: a prompt becomes a picture, cold", "20 s", first, rest))
    again = command(folder, "run", GLIDE, *PROMPT, "--json")
    states = sorted({node["state"] for node in json.loads(again.out)["nodes"].values()})
    found.append(("the same in a second process", "1 s", again, f"every node: {', '.join(states)}"))
    changed = command(folder, "run", GLIDE, *PROMPT, "--set", "upsample.steps=9", "--json")
    ran = [name for name, node in json.loads(changed.out)["nodes"].items() if node["state"] == "ran"]
    found.append(("only the upsampler's steps changed", "", changed, f"ran: {', '.join(ran)}"))
    found.append(("`nodes`", "0.5 s", quick(folder, "nodes"), ""))
    found.append(("`check glide.yaml`", "0.5 s", quick(folder, "check", GLIDE), ""))
    found.append(("`plan glide.yaml`", "0.5 s", quick(folder, "plan", GLIDE, *PROMPT), ""))
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = rows(Path(folder))
    print("| command | limit | wall s | CPU s | heavy imports | |")
    print("|---|---|---|---|---|---|")
    for title, limit, timing, remark in found:
        heavy = ", ".join(timing.imported) or "none"
        print(f"| {title} | {limit} | {timing.wall:.2f} | {timing.cpu:.2f} | {heavy} | {remark} |")


if __name__ == "__main__":
    main()
