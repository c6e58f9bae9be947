"""The call of a workflow, as `run`, `plan` and `draw` share it: FILE, its declared inputs as flags, and `--set`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_engine.cli.parser import CommandParser, UsageError
from graph_engine.cli.values import list_from_texts, value_from_text
from graph_engine.errors import InputError
from graph_engine.plugins import Registry
from graph_engine.workflow import INPUT_TYPES, InputDecl, Workflow, read_workflow

__all__ = ["Call", "add_call_flags"]

_DESTINATION = "input:"


@dataclass(frozen=True)
class Call:
    """A workflow with `--set` applied, the declared inputs that were given, and the files or folders flags named."""

    workflow: Workflow
    inputs: Mapping[str, Any]
    files: frozenset[Path]

    @staticmethod
    def of(options: argparse.Namespace, registry: Registry, cwd: Path) -> Call:
        """What the parsed flags ask for; InputError names a flag that does not fit."""
        workflow: Workflow = options.workflow
        inputs: dict[str, Any] = {}
        files: set[Path] = set()
        for name, decl in workflow.inputs.items():
            given = getattr(options, _DESTINATION + name, None)
            if given is not None:
                inputs[name] = _flag_value(decl, given)
        changes = dict(_split_change(change) for change in options.set)
        for target in [target for target in changes if target.startswith("inputs.")]:
            decl = _declared(workflow, target)
            inputs[decl.name] = _flag_value(decl, [changes.pop(target)])
        for name, value in inputs.items():
            if workflow.inputs[name].item_type in ("file", "folder"):
                inputs[name] = _grant(workflow.inputs[name], value, cwd, files)
        values = {
            target: value_from_text(_type_of(workflow, registry, target), text) for target, text in changes.items()
        }
        return Call(workflow.with_values(values), inputs, frozenset(files))


def add_call_flags(parser: CommandParser, arguments: Sequence[str]) -> None:
    """Add FILE, `--set`, and one flag for each declared input of the FILE among `arguments`."""
    parser.add_argument("file", metavar="FILE", help="a workflow (.yaml, .json), or a PNG that the engine saved")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="give a value to an input of a node, instead of its value or link (may be repeated)",
    )
    parser.set_defaults(workflow=None)
    file = _find_file(parser, arguments)
    if file is None:
        parser.usage = "%(prog)s FILE [--INPUT VALUE]... [options]"
        return
    workflow = read_workflow(parser.environment.path(file))
    parser.set_defaults(workflow=workflow)
    parser.usage = "%(prog)s [--INPUT VALUE]... [options]"
    parser.prog += f" {file}"
    parser.description = workflow.description.strip() or workflow.title or parser.description
    group = parser.add_argument_group("inputs of this workflow")
    parser._action_groups.insert(0, parser._action_groups.pop())  # what the reader came for stands first
    for decl in workflow.inputs.values():
        _add_input(group, parser, decl)


def _find_file(parser: CommandParser, arguments: Sequence[str]) -> str | None:
    """The first argument that is neither a flag nor a flag's value; an unknown flag is taken to have a value."""
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            return word
        if "=" not in word and parser.takes_value(word) is not False:
            next(words, None)
    return None


def _add_input(group: argparse._ArgumentGroup, parser: CommandParser, decl: InputDecl) -> None:
    if decl.item_type not in INPUT_TYPES:
        return
    names = [flag for flag in dict.fromkeys(_spellings(decl.name)) if parser.takes_value(flag) is None]
    if not names:
        parser.epilog = f"An input whose name is a flag already is given by --set inputs.{decl.name}=VALUE."
        return
    described = _describe(decl).replace("%", "%%")
    destination = _DESTINATION + decl.name
    if decl.type == "bool":
        group.add_argument(
            *names, dest=destination, nargs="?", action="append", const="true", metavar="BOOL", help=described
        )
        negative = [name.replace("--", "--no-", 1) for name in names]
        group.add_argument(*negative, dest=destination, action="append_const", const="false", help=argparse.SUPPRESS)
        return
    group.add_argument(names[0], dest=destination, action="append", metavar=_metavar(decl), help=described)
    for alias in names[1:]:
        group.add_argument(alias, dest=destination, action="append", help=argparse.SUPPRESS)


def _spellings(name: str) -> Iterator[str]:
    yield "--" + name.replace("_", "-")
    yield "--" + name


def _metavar(decl: InputDecl) -> str:
    return decl.item_type.upper() + (" ..." if decl.is_list else "")


def _describe(decl: InputDecl) -> str:
    facts = []
    if decl.choices:
        facts.append("one of " + ", ".join(decl.choices))
    if decl.low is not None or decl.high is not None:
        low, high = ("" if bound is None else f"{bound:g}" for bound in (decl.low, decl.high))
        facts.append(f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}")
    if decl.is_list:
        facts.append("may be repeated")
    facts.append("required" if decl.required else f"default: {_show_default(decl.default)}")
    return f"{decl.description.strip()} ({'; '.join(facts)})".strip()


def _show_default(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(_show_default(item) for item in value)
    return "none" if value is None else str(value)


def _flag_value(decl: InputDecl, given: Sequence[str]) -> Any:
    tp = INPUT_TYPES.get(decl.item_type, str)
    return list_from_texts(tp, given) if decl.is_list else value_from_text(tp, given[-1])


def _grant(decl: InputDecl, value: Any, cwd: Path, files: set[Path]) -> Any:
    """The files and folders that the user names in person: made absolute, and readable wherever they are."""
    if isinstance(value, list):
        return [_grant(decl, item, cwd, files) for item in value]
    path = (cwd / Path(str(value)).expanduser()).absolute()
    if not (path.is_dir() if decl.item_type == "folder" else path.is_file()):
        raise InputError(
            f"input '{decl.name}': no {decl.item_type} {value!r}; give the path of an existing {decl.item_type}"
        )
    files.add(path)
    return str(path)


def _split_change(change: str) -> tuple[str, str]:
    target, equals, text = change.partition("=")
    if not equals or "." not in target:
        raise UsageError(f"--set {change}: write NODE.INPUT=VALUE, for example --set base.steps=20")
    return target.strip(), text


def _declared(workflow: Workflow, target: str) -> InputDecl:
    name = target.removeprefix("inputs.")
    if name not in workflow.inputs:
        known = ", ".join(workflow.inputs) or "none"
        raise InputError(f"--set {target}: no declared input '{name}'. Declared: {known}")
    return workflow.inputs[name]


def _type_of(workflow: Workflow, registry: Registry, target: str) -> Any:
    node, _, name = target.partition(".")
    entry = workflow.nodes.get(node)
    spec = registry.nodes.get(entry.type) if entry else None
    socket = spec.inputs.get(name) if spec else None
    return socket.type if socket else Any
