"""Nodes that write text files."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from graph_engine import Context, SavedFiles, node
from graph_engine.files import digest_file
from graph_nodes import image_files
from graph_nodes.image_io import outputs_folder

__all__ = ["SavedText", "save_text"]


class SavedText(NamedTuple):
    """What was written."""

    file: SavedFiles


@node(category="values", fingerprint=outputs_folder)
def save_text(
    context: Context, text: str, name: str = "text", ending: Literal["txt", "csv", "json", "md"] = "txt"
) -> SavedText:
    """Save a text as a UTF-8 file in the output folder, such as a table or the key of a blind comparison.

    text: what it holds. name: the file name without number and ending, as in core.save_image: `table` becomes
    table-0001.csv, then table-0002.csv; nothing is overwritten. ending: what the text is.
    """
    stem = image_files.name_stem(name, datetime.now().astimezone())
    data = text if text.endswith("\n") else text + "\n"
    paths = image_files.write_numbered(context.folders.outputs.resolve(), stem, [data.encode()], ending)
    return SavedText(SavedFiles(tuple(map(str, paths)), tuple(map(digest_file, paths))))
