"""What a node's documentation says of each of its sockets, so that a form can show it beside the field.

    image: the picture. left, top: corner of the part that is kept, in pixels from the upper left.

A name, several with commas, or `:param name:` at the beginning of a sentence or line, then a colon, then the text up to
the next such name or the end of the paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

__all__ = ["socket_notes"]

_NAMES = r"(?:^ *|(?<=[.;:?!] ))(?:[:@]?param )?(?P<names>{name}(?:(?:, | and ){name})*)(?: \([^()\n]*\))?:\s+"
_REST = re.compile(r" (Raises\b|Returns\b|:returns?:|:raises).*$")
"""What speaks of the node again."""


def socket_notes(doc: str, sockets: Iterable[str]) -> dict[str, str]:
    """The text about each of `sockets` in `doc`; those that it does not speak of are left out."""
    known = sorted(set(sockets), key=len, reverse=True)
    marker = re.compile(_NAMES.format(name=f"(?:{'|'.join(map(re.escape, known))})"), re.MULTILINE)
    notes: dict[str, str] = {}
    for paragraph in re.split(r"\n\s*\n", doc) if known else ():
        found = list(marker.finditer(paragraph))
        for match, following in zip_longest(found, found[1:]):
            text = paragraph[match.end() : following.start() if following else None]
            text = _REST.sub("", " ".join(text.split())).rstrip(".;")
            for name in re.split(r", | and ", match["names"]):
                notes.setdefault(name, text)
    return {name: text for name, text in notes.items() if text}
