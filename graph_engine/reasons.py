"""Why a node runs, in words: its recipe against the nearest recipe of an earlier run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from graph_engine.cache import Recipe

__all__ = ["reason_for"]


def reason_for(recipe: Recipe, earlier: Sequence[Recipe], running: Collection[str], lost: str = "evicted") -> str:
    """`steps 20 -> 30`, `core.denoise version 1 -> 2`, `file cat.png changed`, `after base`, `evicted`, `never run`.

    `earlier` holds the node's recipes from the newest run to the oldest; `running` names the nodes that run anyway;
    `lost` is what to say of a node that nothing changed for.
    """
    if not earlier:
        return "never run"
    if any(old.key == recipe.key for old in earlier):
        upstream = [name for name in _linked(recipe) if name in running]
        return f"{lost}, after {', '.join(upstream)}" if upstream else lost
    differences = min((list(_differences(old, recipe)) for old in earlier), key=len)
    upstream = [name for name in _linked(recipe) if name in running]
    if upstream:
        differences.append(f"after {', '.join(upstream)}")
    return "; ".join(differences) or "what it is made from changed"


def _differences(old: Recipe, new: Recipe) -> Iterator[str]:
    if old.type != new.type:
        yield f"node {old.type} -> {new.type}"
        return
    if old.version != new.version:
        yield f"{new.type} version {old.version} -> {new.version}"
    for name in sorted({*old.values, *new.values}):
        if name in old.values and name in new.values and old.values[name] != new.values[name]:
            before, after = _short(old.values[name]), _short(new.values[name])
            yield f"{name} changed" if before == after else f"{name} {before} -> {after}"
    for name in sorted({*old.links, *new.links}):
        if old.links.get(name) != new.links.get(name):
            yield f"{name} is linked anew"
    if old.device != new.device:
        yield f"device {old.device} -> {new.device}"
    yield from _fingerprint_differences(old.fingerprint, new.fingerprint)


def _fingerprint_differences(old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for label in sorted({*old, *new}):
            if old.get(label) != new.get(label):
                yield f"{label} changed"
    else:
        yield "the outside world changed"


def _linked(recipe: Recipe) -> list[str]:
    """The nodes that the recipe's links lead to; a link is [node, output], a list of links a list of such."""
    every = ([link] if link and isinstance(link[0], str) else link for link in recipe.links.values())
    return list(dict.fromkeys(one[0] for links in every for one in links if one))


def _short(value: Any) -> str:
    if isinstance(value, dict) and value.keys() & {"$digest", "$workflow"}:
        return ""  # nothing that a person could read
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
