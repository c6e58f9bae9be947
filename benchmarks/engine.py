"""What the engine itself costs: chains and trees of trivial nodes, in CPU seconds, cold, cached and with one change.

python benchmarks/engine.py            prints the table
python benchmarks/engine.py --disk     the same with the cache folder on, as the shell has it
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path

from graph_engine import Engine, Folders, InputDecl, Link, NodeEntry, Workflow, hookimpl, node
from graph_engine.plugins import Registry, load_registry, pack_from_module


@node
def number(value: int = 0) -> int:
    """A number."""
    return value


@node
def add(a: int, b: int = 1) -> int:
    """The sum of two numbers."""
    return a + b


def registry() -> Registry:
    module = types.ModuleType("bench")

    def register_nodes() -> list[object]:
        return [number, add]

    module.register_nodes = hookimpl(register_nodes)  # type: ignore[attr-defined]
    return load_registry([pack_from_module("bench", module)])


def chain(length: int) -> Workflow:
    """number -> add -> add ... ; the inputs `first` and `last` are the values of the two ends."""
    inputs = {name: InputDecl(name, "int", 1, has_default=True) for name in ("first", "last")}
    nodes = {"n0": NodeEntry("bench.number", links={"value": Link("inputs", "first")})}
    for index in range(1, length):
        nodes[f"n{index}"] = NodeEntry("bench.add", links={"a": Link(f"n{index - 1}")})
    nodes["end"] = NodeEntry("bench.add", links={"a": Link(f"n{length - 2}"), "b": Link("inputs", "last")})
    return Workflow(nodes, inputs, {"result": Link("end")})


def tree(leaves: int) -> Workflow:
    """`leaves` numbers added in pairs: about twice as many nodes."""
    nodes = {f"leaf{index}": NodeEntry("bench.number", {"value": index}) for index in range(leaves)}
    level, count = list(nodes), 0
    while len(level) > 1:
        above = []
        for left, right in zip(level[::2], level[1::2], strict=False):
            name = f"sum{count}"
            count += 1
            nodes[name] = NodeEntry("bench.add", links={"a": Link(left), "b": Link(right)})
            above.append(name)
        level = above + (level[-1:] if len(level) % 2 else [])
    return Workflow(nodes, outputs={"result": Link(level[0])})


def cpu(work: Callable[[], object]) -> float:
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def measure(title: str, workflow: Workflow, engine: Engine) -> dict[str, float | str]:
    row: dict[str, float | str] = {"graph": title}
    row["check"] = cpu(lambda: engine.graph(workflow))
    row["cold"] = cpu(lambda: engine.run(workflow))
    row["cached"] = min(cpu(lambda: engine.run(workflow)) for _ in range(3))
    for column, name in (("last changed", "last"), ("first changed", "first")):
        if name in workflow.inputs:
            row[column] = min(cpu(lambda: engine.run(workflow, {name: value})) for value in (7, 8, 9))  # noqa: B023
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--disk", action="store_true", help="with the cache folder")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for title, workflow in [
            ("chain of 1,000", chain(1_000)),
            ("chain of 10,000", chain(10_000)),
            ("tree of 2,000", tree(1_000)),
        ]:
            folders = Folders(cache=Path(folder) / title if options.disk else None)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            row = measure(title, workflow, Engine(registry(), folders, device="cpu"))
            row["MB more"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            rows.append(row)
    columns = ["graph", "check", "cold", "cached", "last changed", "first changed", "MB more"]
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        cells = [row.get(column, "") for column in columns]
        print("| " + " | ".join(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
