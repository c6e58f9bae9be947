"""Finds plugins and asks what they bring. One broken plugin is a recorded problem, never the end of the program."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from graph_engine import hookspecs
from graph_engine.hookspecs import Command, ModelReader, ModelSource
from graph_engine.kinds import kind_of
from graph_engine.node import Node, NodeSpec

__all__ = ["GROUP", "Pack", "PluginProblem", "Registry", "find_plugins", "load_registry", "pack_from_module"]

GROUP = "graph_engine"


@dataclass(frozen=True)
class PluginProblem:
    """What is wrong with a plugin, and how to get rid of it."""

    pack: str
    distribution: str
    message: str
    traceback: str = ""

    @property
    def fatal(self) -> bool:
        """True when the plugin's code raised, so that its nodes are missing."""
        return bool(self.traceback)

    def __str__(self) -> str:
        return f"plugin '{self.pack}' of {self.distribution}: {self.message}"


@dataclass(frozen=True)
class Pack:
    """A plugin that was found: its entry-point name and the distribution that it came in."""

    name: str
    distribution: str
    version: str
    module: Any = None
    problem: PluginProblem | None = None


@dataclass
class Registry:
    """Everything that the plugins brought, by id or name.

    workflows: folders in which `workflow:name.yaml` is looked for after the folder of the file that names it.
    """

    nodes: dict[str, NodeSpec] = field(default_factory=dict)
    kinds: dict[str, type] = field(default_factory=dict)
    models: dict[str, ModelSource] = field(default_factory=dict)
    model_readers: list[ModelReader] = field(default_factory=list)
    commands: dict[str, Command] = field(default_factory=dict)
    packs: list[Pack] = field(default_factory=list)
    problems: list[PluginProblem] = field(default_factory=list)
    workflows: list[Path] = field(default_factory=list)

    def broken_pack(self, node_id: str) -> PluginProblem | None:
        """The problem of the pack that `node_id` belongs to, if that pack is broken."""
        pack = node_id.partition(".")[0]
        return next((problem for problem in self.problems if problem.pack == pack and problem.fatal), None)


def find_plugins() -> list[Pack]:
    """Load every installed entry point of the group, one by one; `core` first, the rest by name."""
    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name != "core", entry.name))
    packs = []
    for entry in found:
        distribution = entry.dist.name if entry.dist else "an unknown package"
        version = entry.dist.version if entry.dist else ""
        try:
            packs.append(Pack(entry.name, distribution, version, entry.load()))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's import raises
            advice = f"mend it or remove it with: pip uninstall {distribution}"
            message = f"could not be imported: {type(error).__name__}: {error}; {advice}"
            problem = PluginProblem(entry.name, distribution, message, traceback.format_exc())
            packs.append(Pack(entry.name, distribution, version, None, problem))
    return packs


def load_registry(packs: Iterable[Pack] | None = None) -> Registry:
    """Ask the given packs (default: all installed ones) for nodes, kinds, models and commands."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    registry = Registry()
    for pack in find_plugins() if packs is None else packs:
        registry.packs.append(pack)
        if pack.problem:
            registry.problems.append(pack.problem)
        else:
            _add_pack(registry, manager, pack)
    return registry


def _add_pack(registry: Registry, manager: pluggy.PluginManager, pack: Pack) -> None:
    def report(message: str) -> None:
        registry.problems.append(PluginProblem(pack.name, pack.distribution, message))

    try:
        manager.register(pack.module, name=pack.name)
    except Exception as error:  # noqa: BLE001 - also whatever a stranger's module does when it is looked at
        report(f"refused: {error}; rename the entry point or the hook's arguments")
        return
    for caller in manager.get_hookcallers(pack.module) or []:
        if not caller.has_spec():
            known = ", ".join(name for name in dir(hookspecs) if name.startswith("register_"))
            report(f"has a hook '{caller.name}' that does not exist and is never called; the hooks are {known}")
    for name, add in _ADDERS.items():
        for implementation in getattr(manager.hook, name).get_hookimpls():
            if implementation.plugin_name == pack.name:
                _call(implementation.function, add, registry, pack, report)


def _call(function: Any, add: Any, registry: Registry, pack: Pack, report: Any) -> None:
    try:
        items = function()
        if not isinstance(items, list | tuple):
            raise TypeError(f"must return a list, found {type(items).__name__}")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's hook raises
        message = f"{function.__name__} failed: {type(error).__name__}: {error}"
        problem = PluginProblem(pack.name, pack.distribution, message, traceback.format_exc())
        registry.problems.append(problem)
        return
    for item in items:
        message = add(registry, pack, item)
        if message:
            report(f"{function.__name__}: {message}")


def _shown(item: object) -> str:
    try:
        return repr(item)
    except Exception:  # noqa: BLE001 - a stranger's object
        return f"a {type(item).__name__}"


def _add_node(registry: Registry, pack: Pack, item: Any) -> str | None:
    if not isinstance(item, Node):
        return f"{_shown(item)} is no node; decorate it with @node"
    spec = item.in_pack(pack.name)
    if spec.id in registry.nodes:
        return f"the node id '{spec.id}' is registered twice; the first one is kept, rename the second"
    registry.nodes[spec.id] = spec
    return None


def _add_kind(registry: Registry, pack: Pack, item: Any) -> str | None:
    found = kind_of(item)
    if found is None:
        return f"{_shown(item)} is no kind; decorate it with @kind"
    if found.name in registry.kinds and registry.kinds[found.name] is not item:
        return f"the kind '{found.name}' is registered twice; the first one is kept, rename the second"
    registry.kinds[found.name] = item
    return None


def _add_model(registry: Registry, pack: Pack, item: Any) -> str | None:
    if not isinstance(item, ModelSource):
        return f"{_shown(item)} is no ModelSource"
    name = f"{pack.name}/{item.name}"
    if name in registry.models:
        return f"the model '{name}' is registered twice; the first one is kept"
    registry.models[name] = ModelSource(name, item.folder, item.description)
    return None


def _add_model_reader(registry: Registry, pack: Pack, item: Any) -> str | None:
    if not isinstance(item, ModelReader):
        return f"{_shown(item)} is no ModelReader"
    registry.model_readers.append(item)
    return None


def _add_command(registry: Registry, pack: Pack, item: Any) -> str | None:
    if not isinstance(item, Command):
        return f"{_shown(item)} is no Command"
    if item.name in registry.commands:
        return f"the command '{item.name}' is registered twice; the first one is kept, rename the second"
    registry.commands[item.name] = item
    return None


_ADDERS = {
    "register_kinds": _add_kind,
    "register_nodes": _add_node,
    "register_models": _add_model,
    "register_model_readers": _add_model_reader,
    "register_commands": _add_command,
}


def pack_from_module(name: str, module: ModuleType) -> Pack:
    """A pack made of a module at hand, for tests and scripts that do not install one."""
    return Pack(name, f"module {module.__name__}", "", module)
