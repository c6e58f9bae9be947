"""Muted and bypassed nodes: a workflow that has some, written as it would be without them.

A muted node is not there, and neither is what cannot do without it: an optional input that it feeds has its default,
it is left out of lists of links, and declared outputs that hang on it are not given. What is mapped over it by `[*]`
cannot do without it. A bypassed node is not there either, but what feeds it takes its place: each output stands for
the first linked input of its type, or else for the first whose type an input of the output's type would take; where
there is none, the node is as muted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar

from graph_engine.sockets import accepts, split_optional, type_name
from graph_engine.workflow import Link, NodeEntry, Workflow

__all__ = ["Face", "Settled", "settle"]

Links = Link | tuple[Link, ...]


@dataclass(frozen=True)
class Face:
    """The sockets of a node. entry: as the installed version wants it; inputs, outputs: their types; optional: the
    inputs that have a default; lost: the outputs that a sub-workflow cannot give, and why."""

    entry: NodeEntry
    inputs: Mapping[str, Any]
    optional: frozenset[str]
    outputs: Mapping[str, Any]
    lost: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settled:
    """A workflow without the nodes that do not run. left_out: those nodes, and what is with each (`is muted`); lost:
    the declared outputs that are not given, and why."""

    workflow: Workflow
    left_out: Mapping[str, str] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)


def settle(workflow: Workflow, face_of: Callable[[NodeEntry], Face | None]) -> Settled:
    """The workflow as it would be written without its muted and bypassed nodes, and what else that takes away.

    face_of: the sockets of a node; None when its type is unknown.
    """
    settling = _Settling(workflow, face_of)
    settling.mark()
    nodes = {name: settling.rewired(name) for name in workflow.nodes if name not in settling.left_out}
    outputs = {name: settling.now(link) for name, link in workflow.outputs.items()}
    given = {name: link for name, link in outputs.items() if isinstance(link, Link)}
    lost = {
        name: link.why if isinstance(link, _Gone) else "a list of links took the place of the bypassed node"
        for name, link in outputs.items()
        if not isinstance(link, Link)
    }
    return Settled(replace(workflow, nodes=nodes, outputs=given), settling.left_out, lost)


@dataclass(frozen=True)
class _Gone:
    """What a link leads to when it leads nowhere any more."""

    why: str


class _Settling:
    def __init__(self, workflow: Workflow, face_of: Callable[[NodeEntry], Face | None]) -> None:
        self.nodes = workflow.nodes
        self.left_out: dict[str, str] = {}
        self.roots: dict[str, str] = {}
        self.face = cache(lambda name: face_of(self.nodes[name]))
        self._behind: dict[Link, Links | _Gone] = {}

    def entry(self, name: str) -> NodeEntry:
        """A node as the installed version wants it, so that its inputs have the names of its face."""
        face: Face | None = self.face(name)
        return self.nodes[name] if face is None else face.entry

    # What does not run ----------------------------------------------------------------------------------------------

    def mark(self) -> None:
        """Fill `left_out`: muted and bypassed nodes, and all that cannot do without them."""
        modes = {"mute": "is muted", "bypass": "is bypassed"}
        self.left_out = {name: modes[entry.mode] for name, entry in self.nodes.items() if entry.mode}
        left: dict[tuple[str, str], int] = {}  # how many links are left into an input
        users: dict[str, list[tuple[str, str]]] = {}
        fallen: list[str] = []
        for name in [name for name in self.nodes if name not in self.left_out]:
            for key, links in self.entry(name).links.items():
                found = self.passed_all(links)
                if isinstance(found, _Gone):
                    self._lack(name, key, found.why, fallen)
                    continue
                many = found if isinstance(found, tuple) else (found,)
                left[name, key] = len(many)
                for link in many:
                    users.setdefault(link.node, []).append((name, key))
        for name in fallen:  # grows while it is walked
            for user, key in users.get(name, ()):
                left[user, key] -= 1
                if left[user, key] == 0:
                    self._lack(user, key, self.roots[name], fallen)

    def _lack(self, name: str, key: str, why: str, fallen: list[str]) -> None:
        """An input has no link any more: with a default the node runs on, else it does not."""
        face: Face | None = self.face(name)
        links = self.entry(name).links[key]
        mapped = isinstance(links, Link) and links.each
        if name not in self.left_out and (mapped or face is None or key not in face.optional):
            self.roots[name] = why
            self.left_out[name] = f"needs '{key}', but {why}"
            fallen.append(name)

    # What links lead to ---------------------------------------------------------------------------------------------

    def rewired(self, name: str) -> NodeEntry:
        """A node that runs, with the links that are left to it."""
        entry = self.entry(name)
        links = {key: self.now(link) for key, link in entry.links.items()}
        kept = {key: link for key, link in links.items() if not isinstance(link, _Gone)}
        return entry if kept == entry.links else replace(entry, links=kept)

    def now(self, links: Links) -> Links | _Gone:
        """What links lead to among the nodes that run."""
        found = self.passed_all(links)
        if isinstance(found, Link):
            return _Gone(self.roots[found.node]) if found.node in self.left_out else found
        if isinstance(found, tuple) and found:
            left = tuple(link for link in found if link.node not in self.left_out)
            return left or _Gone(self.roots[found[0].node])
        return found

    def passed_all(self, links: Links) -> Links | _Gone:
        """`passed` for one link or for a list of links, of which those that lead nowhere are left out."""
        if isinstance(links, Link):
            return self.passed(links)
        found = [self.passed(link, in_list=True) for link in links]
        kept = tuple(link for link in found if isinstance(link, Link))
        gone = next((one for one in found if isinstance(one, _Gone)), None)
        return gone if gone and not kept else kept

    def passed(self, link: Link, *, in_list: bool = False) -> Links | _Gone:
        """What a link means when the bypassed nodes on its way are passed by; a list only where one may stand."""
        found = self.behind(link)
        if isinstance(found, _Gone):
            return found
        if isinstance(found, tuple):
            where = "in a list" if in_list else "to a [*]"
            refused = _Gone(f"'{link.node}' is bypassed, and its list of links cannot be passed on {where}")
            return refused if in_list or link.each else self.passed_all(found)
        entry, link = self.nodes.get(found.node), replace(found, each=link.each)
        if entry is not None and entry.mode == "mute":
            return _Gone(f"'{link.node}' is muted")
        if entry is not None and entry.type.startswith(("subgraph:", "workflow:")):
            face: Face | None = self.face(link.node)
            output = _only(face, link.output)
            if face is not None and output in face.lost:
                return _Gone(f"'{link.node}' does not give '{output}': {face.lost[output]}")
        return link

    def behind(self, link: Link) -> Links | _Gone:
        """What feeds the bypassed nodes that a link comes to; each of them is passed by once, however many ask."""
        way: dict[Link, None] = {}
        found: Links | _Gone = replace(link, each=False)
        while isinstance(found, Link) and found.node in self.nodes and self.nodes[found.node].mode == "bypass":
            if found in way:
                found = _Gone(f"'{found.node}' is bypassed, and feeds itself")
                break
            way[found] = None
            known = self._behind.get(found)
            found = self._stand_in(found.node, found.output) if known is None else known
        self._behind |= dict.fromkeys(way, found)
        return found

    def _stand_in(self, name: str, output: str | None) -> Links | _Gone:
        """What stands for an output of a bypassed node: what is linked to its first input that fits."""
        face: Face | None = self.face(name)
        if face is None:
            return _Gone(f"'{name}' is bypassed, and its type is not known here")
        output = _only(face, output)
        if output not in face.outputs:
            return _Gone(f"'{name}' is bypassed, and gives no such output")
        entry, given = face.entry, face.outputs[output]
        mapped = {key for key, link in entry.links.items() if isinstance(link, Link) and link.each}
        linked = [key for key in face.inputs if key in entry.links and (not mapped or key in mapped)]
        for key in _by_fit(given, {key: face.inputs[key] for key in linked}):
            found = entry.links[key]
            return replace(found, each=False) if isinstance(found, Link) else found
        return _Gone(f"'{name}' is bypassed, and no input of type {type_name(given)} is linked to stand for '{output}'")


def _only(face: Face | None, output: str | None) -> str:
    """The name of the output that a link means."""
    names = [*face.outputs, *face.lost] if face is not None else []
    return output or (names[0] if len(names) == 1 else "")


def _by_fit(given: Any, inputs: Mapping[str, Any]) -> Iterator[str]:
    """The inputs whose values can stand for an output of type `given`: those of the same type first."""
    same = [key for key, tp in inputs.items() if type_name(tp) == type_name(given)]
    yield from same
    for key, tp in inputs.items():
        variable = any(isinstance(split_optional(one)[0], TypeVar) for one in (tp, given))
        if key not in same and not variable and accepts(given, tp, {}):
            yield key
