"""A pack for tests of the server: small nodes, and nodes that do to their process what nodes should not."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Literal

from graph_engine import Context, Image, SavedFiles, hookimpl, node
from graph_engine.files import digest_file


@node
def number(value: int = 1) -> int:
    """Give a number."""
    return value


@node
def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@node
def steps(context: Context, count: int = 3, seconds: float = 0.05, previews: bool = False) -> int:
    """Take some steps, which can be cancelled and watched."""
    import torch

    for step in range(count):
        time.sleep(seconds)
        context.progress(step + 1, count, (lambda: Image(torch.rand(1, 3, 8, 16))) if previews else None)
    return count


@node
def write(context: Context, value: int = 0, name: str = "note") -> SavedFiles:
    """Write a file among the outputs."""
    context.folders.outputs.mkdir(parents=True, exist_ok=True)
    path = context.folders.outputs / f"{name}-{value}.txt"
    path.write_text(str(value))
    return SavedFiles((str(path),), (digest_file(path),))


@node
def read(context: Context, path: str) -> str:
    """Read an input file."""
    return context.input_file(path).read_text()


@node(cache=False)
def once(marker: str, then: Literal["raise", "exit", "kill", "segfault", "hang", "pass"] = "raise") -> int:
    """Misbehave on the first call, and not again: `marker` is a file that remembers."""
    if Path(marker).exists():
        return 1
    Path(marker).write_text("been here")
    return misbehave(then)


@node(cache=False)
def misbehave(how: Literal["raise", "exit", "kill", "segfault", "hang", "print", "pass"] = "raise") -> int:
    """Do what a node should not."""
    match how:
        case "raise":
            raise ValueError("as was asked for")
        case "exit":
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            ctypes.string_at(0)
        case "hang":
            time.sleep(3600)
        case "print":
            os.write(1, b"\x00\xff garbage on stdout\n" * 1000)
            print("more of it")
    return 0


@hookimpl
def register_nodes() -> list[object]:
    """All of them."""
    return [number, add, steps, write, read, once, misbehave]


@hookimpl
def register_kinds() -> list[type]:
    """The kinds that they give."""
    return [SavedFiles, Image]
