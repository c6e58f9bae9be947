"""Text into plain data, strictly: a size cap before parsing, no anchors, tags or duplicate keys, YAML 1.2 scalars.

The result carries the line of every value, so that any later complaint can name its place. JSON takes the quick path
of the standard library; its lines are found by reading it as YAML (which it is) only when a complaint needs them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graph_engine.errors import Problem, WorkflowError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Document", "Path", "read_json", "read_yaml"]

MAX_BYTES = 8 << 20
MAX_DEPTH = 64
Path = tuple[str | int, ...]

_MAX_DIGITS = 4000
_INT = re.compile(r"[-+]?[0-9]{1,4000}|0x[0-9a-fA-F]{1,64}|0o[0-7]{1,64}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_HALF_ESCAPE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")  # JSON's way with emoji, which YAML has not
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CONSTANTS = {"null": None, "Null": None, "NULL": None, "~": None, "": None}
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass
class Document:
    """Plain data and where each value stands: `line(("nodes", "base", "with"))` is the line of that key."""

    data: Any
    file: str | None
    text: str = ""
    _lines: dict[Path, int] | None = field(default=None, repr=False)

    def line(self, path: Path) -> int | None:
        """The line (from 1) of the value at `path`, or of the closest thing around it."""
        if self._lines is None:
            self._lines = self._find_lines()
        for length in range(len(path), -1, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return None

    def _find_lines(self) -> dict[Path, int]:
        try:
            return _read_yaml_events(_HALF_ESCAPE.sub("?", self.text), self.file)[1]
        except WorkflowError:
            return {}

    def problem(self, path: Path, message: str) -> Problem:
        """A Problem at the place of `path`."""
        return Problem(message, self.file, self.line(path) if self.text else None)


def _check_text(text: str, file: str | None) -> None:
    if len(text) > MAX_BYTES:
        raise WorkflowError(
            [Problem(f"the file is larger than {MAX_BYTES >> 20} MB; split it into sub-workflows", file)]
        )
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise WorkflowError([Problem("the file holds a NUL character; remove it", file, line)])


def _check_escapes(text: str, data: Any, file: str | None) -> None:
    """Half a surrogate pair can only come from an escape, and fails wherever the text is written out again."""
    if re.search(r"\\u[dD]", text):
        try:
            json.dumps(data, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            message = "the file holds half of a surrogate pair (\\ud...); remove it"
            raise WorkflowError([Problem(message, file)]) from None


def read_json(text: str, file: str | None = None) -> Document:
    """Read JSON; duplicate keys, NaN and too deep nesting are refused (raises WorkflowError)."""
    _check_text(text, file)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise ValueError(f"the key '{twice}' stands twice; remove one")
        return result

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is no number that a workflow can hold; write a finite one")

    def finite(number: str) -> float:
        value = float(number)
        if math.isinf(value):
            raise ValueError(f"{number[:40]} is too large for a number")
        return value

    def whole(number: str) -> int:
        if len(number) > _MAX_DIGITS:
            raise ValueError(f"{number[:40]} is too large for a number")
        return int(number)

    hooks: dict[str, Any] = {"object_pairs_hook": unique, "parse_constant": refuse}
    try:
        data = json.loads(text, parse_float=finite, parse_int=whole, **hooks)
    except json.JSONDecodeError as error:
        raise WorkflowError([Problem(f"not JSON: {error.msg}", file, error.lineno)]) from None
    except ValueError as error:
        raise WorkflowError([_placed(str(error), text, file)]) from None
    except RecursionError:
        raise WorkflowError([Problem(f"nested deeper than {MAX_DEPTH} levels", file)]) from None
    if _depth_exceeds(data, MAX_DEPTH):
        raise WorkflowError([Problem(f"nested deeper than {MAX_DEPTH} levels", file)])
    _check_escapes(text, data, file)
    return Document(data, file, text)


def _placed(message: str, text: str, file: str | None) -> Problem:
    """The complaint with its line, found by reading the JSON as YAML, which complains of the same things."""
    try:
        _read_yaml_events(_HALF_ESCAPE.sub("?", text), file)
    except WorkflowError as error:
        problem = error.problems[0]
        if problem.message.startswith(message.partition(";")[0]):
            return problem
    return Problem(message, file)


def _depth_exceeds(data: Any, limit: int) -> bool:
    level = [data]
    for _ in range(limit):
        level = [item for value in level for item in _children(value)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (item for item in value.values() if isinstance(item, dict | list))
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict | list))


def read_yaml(text: str, file: str | None = None) -> Document:
    """Read YAML 1.2 without anchors, aliases, tags, merge keys or duplicate keys (raises WorkflowError)."""
    _check_text(text, file)
    data, lines = _read_yaml_events(text, file)
    _check_escapes(text, data, file)
    return Document(data, file, text, lines)


def _read_yaml_events(text: str, file: str | None) -> tuple[Any, dict[Path, int]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not YAML: {error.problem or error.context}"
        if mark and re.search(r"\w\[", _line(text, mark.line)):
            message += "; inside { } a text with [ ] needs quotes: 'node.output[*]', 'list[int]'"
        raise WorkflowError([Problem(message, file, mark.line + 1 if mark else None)]) from None
    except yaml.YAMLError as error:
        raise WorkflowError([Problem(f"not YAML: {error}", file)]) from None
    return builder.root, builder.lines


def _line(text: str, index: int) -> str:
    lines = text.split("\n", index + 1)
    return lines[index] if index < len(lines) else ""


class _Builder:
    """Builds data from YAML events with a stack of its own, so that depth is bounded and nothing is shared."""

    def __init__(self, file: str | None) -> None:
        self.file = file
        self.root: Any = None
        self.lines: dict[Path, int] = {}
        self._stack: list[tuple[Any, Path]] = []
        self._key: list[str | None] = []
        self._documents = 0

    def take(self, event: Any) -> None:
        name = type(event).__name__
        line = event.start_mark.line + 1
        if name == "ScalarEvent":
            self._check_plain(event, line)
            if self._wants_key():
                self._take_key(event, line)
            else:
                self._add(_scalar(event, self.file, line), line)
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            self._check_plain(event, line)
            self._open({} if name == "MappingStartEvent" else [], line)
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            self._stack.pop()
            self._key.pop()
        elif name == "AliasEvent":
            self._refuse("aliases (*name) are not allowed; write the value out", line)
        elif name == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                self._refuse("one file holds one workflow; remove the second '---' document", line)

    def _refuse(self, message: str, line: int) -> None:
        raise WorkflowError([Problem(message, self.file, line)])

    def _check_plain(self, event: Any, line: int) -> None:
        if event.anchor is not None:
            self._refuse("anchors (&name) are not allowed; write the value out where it is used", line)
        if event.tag not in (None, "!"):
            self._refuse(f"the tag {event.tag} is not allowed; a workflow holds plain data", line)

    def _wants_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1][0], dict) and self._key[-1] is None

    def _take_key(self, event: Any, line: int) -> None:
        mapping, path = self._stack[-1]
        key = event.value
        if key == "<<" and event.implicit[0]:
            self._refuse("merge keys (<<) are not allowed; write the values out", line)
        if key in mapping:
            first = self.lines.get((*path, key))
            self._refuse(f"the key '{key}' stands twice, first on line {first}; remove one", line)
        self._key[-1] = key
        self.lines[(*path, key)] = line

    def _open(self, container: Any, line: int) -> None:
        if self._wants_key():
            self._refuse("a key must be text, not a mapping or list", line)
        if len(self._stack) >= MAX_DEPTH:
            self._refuse(f"nested deeper than {MAX_DEPTH} levels", line)
        path = self._add(container, line)
        self._stack.append((container, path))
        self._key.append(None)

    def _add(self, value: Any, line: int) -> Path:
        if not self._stack:
            self.root = value
            self.lines[()] = line
            return ()
        parent, path = self._stack[-1]
        if isinstance(parent, dict):
            key = self._key[-1] or ""
            parent[key] = value
            self._key[-1] = None
            return (*path, key)
        parent.append(value)
        here = (*path, len(parent) - 1)
        self.lines[here] = line
        return here


def _scalar(event: Any, file: str | None, line: int) -> Any:
    """A YAML 1.2 core-schema scalar: `no` is text, `1e-3` a number, `2026-01-01` text."""
    value: str = event.value
    if not event.implicit[0]:
        return value
    if value in _CONSTANTS:
        return _CONSTANTS[value]
    if value in _BOOLS:
        return _BOOLS[value]
    if _INT.fullmatch(value):
        return int(value, 0) if value[:2] in ("0x", "0o") else int(value)
    if _FLOAT.fullmatch(value):
        number = float(value)
        if number in (float("inf"), float("-inf")):
            raise WorkflowError([Problem(f"{value[:40]} is too large for a number", file, line)])
        return number
    if _NOT_FINITE.fullmatch(value):
        raise WorkflowError([Problem(f"{value} is no number that a workflow can hold; write a finite one", file, line)])
    return value
