"""Published checkpoints: parity with the reference pipelines, and what is refused."""

from __future__ import annotations

from importlib import import_module

from .bench import PARITY, Row

MODULES = (
    *("stable_rows", "xl_rows", "flow_rows", "embedding_rows", "pixel_rows", "file_rows"),
    *("glide_rows", "adm_rows", "token_rows"),
)


def every_row() -> list[Row]:
    """The rows of all modules, in order."""
    for name in MODULES:
        import_module(f"{__name__}.{name}")
    return PARITY
