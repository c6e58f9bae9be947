"""The house: imports go down only, and what is heavy stays where it belongs."""

from __future__ import annotations

import ast

import networkx
import pytest

from .sources import PACKAGES, imported, modules, owner, python_files

FLOORS = {
    0: ["context", "errors", "events", "files", "kinds", "node", "notes", "sockets"],
    1: ["codec", "hookspecs", "plugins", "png", "reader", "settings", "upgrades", "workflow", "writer"],
    2: ["cache", "checker", "faces", "graph", "keys", "layout", "models", "modes", "plan", "portable", "reasons"],
    3: ["calling", "draw", "engine", "expansion", "loop_thread", "result", "run", "schema"],
    4: ["cli", "conformance", "scaffold"],
}
FLOOR_OF = {module: floor for floor, names in FLOORS.items() for module in names}
TOP = 5


def floor(module: str) -> int | None:
    """The floor of a module of graph_engine; the package itself, which re-exports, is above all."""
    parts = module.split(".")
    return TOP if len(parts) == 1 else FLOOR_OF.get(parts[1])


def test_every_module_of_the_engine_stands_on_a_floor():
    names = {name.split(".")[1] for name, _ in modules("graph_engine") if "." in name}
    assert names <= FLOOR_OF.keys(), f"say on which floor these stand: {sorted(names - FLOOR_OF.keys())}"


def test_imports_go_down_only():
    names = {name for name, _ in modules("graph_engine")}
    wrong = [
        f"{name} (floor {floor(name)}) imports {other} (floor {floor(other)})"
        for name, path in modules("graph_engine")
        for found, for_types in imported(path)
        if (other := owner(found, names)) and not for_types and floor(other) > floor(name)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_over_others(package):
    names = {name for name, _ in modules(package)}
    graph = networkx.DiGraph()
    for name, path in modules(package):
        for found, for_types in imported(path, at_import=package != "graph_engine"):
            other = owner(found, names) or name
            inside = other.startswith(name + ".") or name.startswith(other + ".")  # a package and its own modules
            if other != name and not for_types and not inside:
                graph.add_edge(name, other)
    assert list(networkx.simple_cycles(graph)) == []


def test_the_engine_never_imports_what_only_nodes_and_servers_need():
    banned = {"aiohttp", "diffusers", "transformers", "accelerate", "graph_nodes", "graph_web"}
    wrong = [
        f"{name} imports {other}"
        for name, path in modules("graph_engine")
        for other, _ in imported(path)
        if other.split(".")[0] in banned
    ]
    assert wrong == []


def test_the_engine_imports_torch_only_where_values_are_hashed_stored_or_checked():
    allowed = {"graph_engine.codec", "graph_engine.settings", "graph_engine.conformance.samples"}
    users = {
        name
        for name, path in modules("graph_engine")
        for other, for_types in imported(path)
        if other.split(".")[0] in {"torch", "safetensors"} and not for_types
    }
    assert {name for name in users if not name.startswith("graph_engine.cache")} <= allowed


def test_the_posterize_pack_uses_the_public_import_alone():
    import graph_engine

    for _, path in modules("graph_engine_posterize"):
        for item in ast.walk(ast.parse(path.read_text())):
            if isinstance(item, ast.ImportFrom) and (item.module or "").split(".")[0] == "graph_engine":
                assert item.module == "graph_engine", path
                assert {alias.name for alias in item.names} <= set(graph_engine.__all__), path


def test_plugins_reach_into_no_other_package_of_the_house():
    wrong = [
        f"{name} imports {other}"
        for package in ("graph_engine_shapes", "graph_engine_posterize")
        for name, path in modules(package)
        for other, _ in imported(path)
        if other.split(".")[0] in PACKAGES and other.split(".")[0] not in {package, "graph_engine"}
    ]
    assert wrong == []


def test_files_can_be_read_in_one_look():
    long = {str(path): count for path in python_files() if (count := len(path.read_text().splitlines())) > 450}
    assert long == {}
