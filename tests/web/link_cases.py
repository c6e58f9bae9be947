"""The nodes that the table of link cases speaks of, and the table: `link_cases.json` beside this file.

The table holds the catalog as the server sends it, and cases: a document, a wire, and how the wire may be drawn: `one`
(the value), `item` (an element of a list of links), `each` (`[*]`), or null where it may not. The first of these that
the checker takes is the verdict. The editor's own tests run the same table.

`python -m tests.web.link_cases` writes the catalog into it anew; cases are written by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
from graph_web import catalog

from graph_engine import Image, Latents, Lazy, Mask, SavedFiles, SavedImages, hookimpl, node
from graph_engine.plugins import Registry, load_registry, pack_from_module

TABLE = Path(__file__).with_suffix(".json")
T = TypeVar("T")
Number = TypeVar("Number", int, float)
Picture = TypeVar("Picture", bound=Image | Mask)


class Parts(NamedTuple):
    """Two outputs."""

    image: Image
    mask: Mask | None


def _giver(name: str, tp: Any) -> Any:
    def give() -> Any:
        raise NotImplementedError("nothing of this pack is ever run")

    give.__name__, give.__doc__ = name, f"Gives {tp}."
    give.__annotations__ = {"return": tp}
    return node(give)


def _taker(name: str, tp: Any) -> Any:
    def take(value: Any) -> int:
        raise NotImplementedError("nothing of this pack is ever run")

    take.__name__, take.__doc__ = name, f"Takes {tp}."
    take.__annotations__ = {"value": tp, "return": int}
    return node(take)


GIVERS = {
    "image": Image,
    "mask": Mask,
    "latents": Latents,
    "int": int,
    "float": float,
    "text": str,
    "bool": bool,
    "choice": Literal["a", "b"],
    "data": Any,
    "mapping": dict[str, Any],
    "perhaps": Image | None,
    "either": int | str,
    "saved": SavedImages,
    "images": list[Image],
    "ints": list[int],
    "texts": list[str],
    "table": list[list[int]],
}
TAKERS = {
    "image": Image,
    "optional": Image | None,
    "picture": Image | Mask,
    "int": int,
    "float": float,
    "text": str,
    "bool": bool,
    "choice": Literal["a", "c"],
    "data": Any,
    "mapping": dict[str, Any],
    "number_or_text": float | str,
    "files": SavedFiles,
    "images": list[Image],
    "floats": list[float],
    "texts": list[str],
    "table": list[list[int]],
    "anything": T,
    "things": list[T],
    "number": Number,
    "of_pictures": Picture,
}


@node
def same(value: T) -> T:
    """What it is given."""
    return value


@node
def pick(items: list[T], index: int = 0) -> T:
    """One of a list."""
    return items[index]


@node
def gather(items: list[T]) -> list[T]:
    """A list."""
    return items


@node
async def switch(condition: bool, yes: Lazy[T], no: Lazy[T]) -> T:
    """One of two."""
    return await (yes if condition else no)


@node
def blend(image: Image, other: Image | None = None, weight: float = 0.5) -> Image:
    """Two pictures."""
    return image


@node
def parts(image: Image) -> Parts:
    """Two outputs."""
    return Parts(image, None)


@hookimpl
def register_nodes() -> list[Any]:
    """Every node of the table."""
    givers = [_giver(f"give_{name}", tp) for name, tp in GIVERS.items()]
    takers = [_taker(f"take_{name}", tp) for name, tp in TAKERS.items()]
    return [*givers, *takers, same, pick, gather, switch, blend, parts]


@hookimpl
def register_kinds() -> list[type]:
    """The kinds of the table."""
    return [Image, Latents, Mask, SavedImages]


def registry() -> Registry:
    """The nodes of the table, as the pack `t`."""
    import tests.web.link_cases as here

    return load_registry([pack_from_module("t", here)])


def sent(found: Registry) -> dict[str, Any]:
    """The catalog of a registry, as the server sends it."""
    nodes = [catalog.describe_node(spec) for _, spec in sorted(found.nodes.items())]
    kinds = [catalog.describe_kind(cls) for _, cls in sorted(found.kinds.items())]
    data = {"nodes": nodes, "kinds": kinds, "fits": catalog.fitting_types(found)}
    return dict(json.loads(msgspec.json.encode(data)))


def write(cases: list[dict[str, Any]]) -> None:
    """Write the table, a case a line."""
    parts = sent(registry())
    fits = ",\n".join(f"{json.dumps(name)}: {json.dumps(types)}" for name, types in parts["fits"].items())
    catalog_text = f'"nodes": {_lines(parts["nodes"])},\n"kinds": {_lines(parts["kinds"])},\n"fits": {{\n{fits}\n}}'
    TABLE.write_text(f'{{"catalog": {{\n{catalog_text}}},\n"cases": {_lines(cases)}}}\n', "utf-8")


def _lines(items: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(item, ensure_ascii=False) for item in items) + "\n]"


if __name__ == "__main__":
    write(json.loads(TABLE.read_text("utf-8"))["cases"])
