"""Text from the command line into the plain data that workflows hold.

Only the spelling is read here, guided by the type; whether the value is right is the engine's business, so that the
shell, files, forms and Python give the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args, get_origin

from graph_engine.sockets import choices_of, split_optional

__all__ = ["list_from_texts", "value_from_text"]


def value_from_text(tp: Any, text: str) -> Any:
    """`text` as plain data for an input of type `tp`; text that spells nothing of that type stays text."""
    tp, optional = split_optional(tp)
    if optional and text == "null":
        return None
    if get_origin(tp) is list:
        return list_from_texts(get_args(tp)[0], [text])
    if _wants_text(tp):
        return text
    return _data_or_text(text)


def list_from_texts(item: Any, texts: Sequence[str]) -> list[Any]:
    """A list given as repeated flags, as JSON, or, for items that cannot hold a comma, separated by commas."""
    found: list[Any] = []
    for text in texts:
        data = _data_or_text(text) if text.lstrip().startswith("[") else None
        if isinstance(data, list):
            found += data
        elif _wants_text(item) and choices_of(item) is None:
            found.append(text)
        else:
            found += [value_from_text(item, part.strip()) for part in text.split(",") if part.strip()]
    return found


def _wants_text(tp: Any) -> bool:
    choices = choices_of(tp)
    return tp is str or (choices is not None and all(isinstance(choice, str) for choice in choices))


def _data_or_text(text: str) -> Any:
    """JSON data (so `3`, `0.5`, `true`, `[1, 2]`), with the plus sign and leading dot that people type; else text."""
    for spelling in (text, text.removeprefix("+"), "0" + text, text.replace("-.", "-0.", 1)):
        try:
            return json.loads(spelling)
        except (ValueError, RecursionError):
            continue
    return text
