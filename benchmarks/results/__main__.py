"""`python -m benchmarks.results [STUDY ...]`: run studies, write their tables and pictures, and docs/results.md.

A study whose table is there is not run again, unless it is named or --fresh is given: so a run that was interrupted
goes on where it was. Studies run side by side, each in a process with one thread.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from . import page
from .bench import say
from .studies import Study, every_study, run_study

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> None:
    """Run what is asked for, and write the page."""
    options = _arguments()
    folder = options.docs / "results"
    studies = every_study()
    wanted = [study.name for study in studies if _wanted(study, options, folder)]
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(run_study, wanted, repeat(options.prompts), repeat(folder)))
    notes = folder / "notes.json"
    texts = json.loads(notes.read_text("utf-8")) if notes.exists() else {}
    page.write(options.docs / "results.md", folder, studies, texts)
    say(str(options.docs / "results.md"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.results", description=__doc__)
    parser.add_argument("studies", nargs="*", help="studies to run anew; without any, those without a table")
    parser.add_argument("--prompts", type=int, default=256, help="prompts of each kind")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="studies that run side by side")
    parser.add_argument("--fresh", action="store_true", help="run every study anew")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of results.md and results/")
    options = parser.parse_args()
    unknown = set(options.studies) - {study.name for study in every_study()}
    if unknown:
        parser.error(f"no study is called {', '.join(sorted(unknown))}")
    return options


def _wanted(study: Study, options: argparse.Namespace, folder: Path) -> bool:
    if options.studies:
        return study.name in options.studies
    return options.fresh or not (folder / f"{study.name}.csv").exists()


if __name__ == "__main__":
    main()
