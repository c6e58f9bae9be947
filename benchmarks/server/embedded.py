"""A server whose runs are made in its own process, as a program that embeds it has one: `embedded.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from graph_web.serve import serve
from graph_web.settings import Settings

from benchmarks.server.process import TOKEN

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    found = Settings(
        folder / "data", folder / "cache", folder / "outputs", port=0, token=TOKEN, device="cpu", worker="thread"
    )
    serve(found, lambda port: print(f"http://127.0.0.1:{port}/", flush=True))
