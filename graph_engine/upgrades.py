"""Brings a node that a file saved for an older version to the installed one, by its publisher's own functions."""

from __future__ import annotations

from dataclasses import replace

from graph_engine.node import NodeSpec
from graph_engine.workflow import Link, NodeEntry

__all__ = ["upgraded"]


def upgraded(entry: NodeEntry, spec: NodeSpec) -> NodeEntry:
    """`entry` as the installed version wants it; ValueError when that cannot be done.

    An upgrade function gets one dict with the saved values and, for linked inputs, `Link` objects, so that it can
    rename both alike, and returns the next version's dict.
    """
    saved = entry.version if entry.version is not None else spec.version
    if saved > spec.version:
        raise ValueError(
            f"the file was written for {spec.id} version {saved}, installed is {spec.version}; upgrade its package"
        )
    inputs = {**entry.values, **entry.links}
    for version in range(saved, spec.version):
        step = spec.upgrades.get(version)
        if step is None:
            raise ValueError(f"{spec.id} has no upgrade from version {version}; set the node's values anew")
        try:
            inputs = dict(step(dict(inputs)))
        except Exception as error:  # a publisher's function may raise anything
            raise ValueError(
                f"its upgrade from version {version} failed: {type(error).__name__}: {error}; set its values anew"
            ) from error
    if saved == spec.version:
        return entry
    links = {name: item for name, item in inputs.items() if _is_link(item)}
    values = {name: item for name, item in inputs.items() if name not in links}
    return replace(entry, values=values, links=links, version=spec.version)


def _is_link(item: object) -> bool:
    return isinstance(item, Link) or (isinstance(item, tuple) and all(isinstance(one, Link) for one in item))
