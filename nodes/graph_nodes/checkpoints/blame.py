"""What a library stumbled over while it made a network of a checkpoint, told as the checkpoint's fault."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graph_nodes.errors import ModelRefused

__all__ = ["blaming"]

_LONGEST = 300
_ADVICE = " If you want to instead overwrite"
"""Where diffusers begins to advise its own callers."""
_NO_ROOM = ("out of memory", "allocate memory")
"""How torch tells that there is no room, which is no fault of a checkpoint's."""


@contextlib.contextmanager
def blaming(place: Path, component: Any) -> Iterator[None]:
    """Raise ModelRefused that names the file or folder and the class, in place of what its library raises."""
    try:
        yield
    except ModelRefused:
        raise
    except Exception as error:  # a config that somebody wrote makes a library raise anything
        if isinstance(error, MemoryError) or any(sign in str(error) for sign in _NO_ROOM):
            raise
        found = " ".join(str(error).partition(_ADVICE)[0].split()).replace("Cannot load because ", "")
        raise ModelRefused(
            f"{place}: config and weights do not make a {component.__name__}: {found[:_LONGEST]}"
        ) from error
