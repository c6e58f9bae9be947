"""A toy pack: nodes over numbers, texts and one kind, small enough to see at a glance what each test relies on."""

from __future__ import annotations

import asyncio
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from graph_engine import (
    Context,
    Engine,
    Expansion,
    Folders,
    InputDecl,
    Lazy,
    Link,
    NodeEntry,
    SavedImages,
    Seed,
    Slider,
    Workflow,
    hookimpl,
    kind,
    node,
)
from graph_engine.files import digest_file
from graph_engine.plugins import Pack, Registry, load_registry, pack_from_module
from graph_engine.reader import read_yaml
from graph_engine.workflow import parse_workflow

T = TypeVar("T")


@kind(color="#123456")
@dataclass(frozen=True, eq=False)
class Blob:
    """Numbers in a tensor."""

    data: Any
    label: str = ""


@kind(color="#654321")
@dataclass(frozen=True)
class Coin:
    """A kind without tensors."""

    value: int


@node
def number(value: int = 0) -> int:
    """A number."""
    return value


@node
def add(a: int, b: int = 1) -> int:
    """The sum of two numbers."""
    return a + b


@node
def half(value: float, method: Literal["down", "up"] = "down", size: Annotated[int, Slider(1, 100)] = 10) -> float:
    """Half of a number."""
    return value / 2


@node
def text(value: str = "") -> str:
    """A text."""
    return value


@node
def numbers(count: int = 3, start: int = 0) -> list[int]:
    """Whole numbers from `start`."""
    return list(range(start, start + count))


@node
def total(values: list[int]) -> int:
    """The sum of a list."""
    return sum(values)


@node
def same(value: T) -> T:
    """What it is given."""
    return value


@node
def pick(items: list[T], index: int = 0) -> T:
    """One element."""
    return items[index]


@node
def anything(value: Any = None) -> Any:
    """Any data."""
    return value


class Parts(NamedTuple):
    """Two outputs."""

    whole: int
    rest: int | None


@node
def divide(a: int, b: int = 10) -> Parts:
    """Quotient and, unless it is nothing, remainder."""
    return Parts(a // b, a % b or None)


@node
def mint(value: int = 1) -> Coin:
    """A coin."""
    return Coin(value)


@node
def mints(count: int = 2) -> list[Coin]:
    """Coins worth 0, 1, 2 ..."""
    return [Coin(index) for index in range(count)]


@node
def worth(coin: Coin) -> int:
    """What a coin is worth."""
    return coin.value


@node
def purse(coins: list[Coin]) -> int:
    """What several coins are worth."""
    return sum(coin.value for coin in coins)


@node
def noise(seed: Seed = 0, size: int = 4) -> Blob:
    """Numbers from a seed."""
    import torch

    return Blob(torch.rand(size, generator=torch.Generator().manual_seed(seed)), f"seed {seed}")


@node
def double(blob: Blob) -> Blob:
    """Twice the numbers."""
    return Blob(blob.data * 2, blob.label)


@node
def spoil(blob: Blob) -> Blob:
    """Writes into its input, which no node may."""
    blob.data.mul_(3)
    return blob


@node
def fail(a: int = 0, message: str = "no luck") -> int:
    """Always raises."""
    raise RuntimeError(message)


@node
def leave(a: int = 0) -> int:
    """Tries to end the process."""
    raise SystemExit(3)


@node
async def leave_later(a: int = 0) -> int:
    """Tries to end the process from the event loop."""
    raise SystemExit(3)


@node
async def choose(condition: bool, yes: Lazy[T], no: Lazy[T]) -> T:
    """One of two, the other one never computed."""
    return await (yes if condition else no)


@node
async def wait(a: int = 0, seconds: float = 0.1) -> int:
    """Waits without keeping anybody from working."""
    await asyncio.sleep(seconds)
    return a


@node(cache=False)
def random(a: int = 0) -> int:
    """Another number each time."""
    import secrets

    return secrets.randbelow(2**50)


def _file_digest(context: Context, path: str) -> dict[str, str]:
    return {f"file {path}": digest_file(context.input_file(path))}


@node(fingerprint=_file_digest)
def read(context: Context, path: str) -> str:
    """The text of a file."""
    return context.input_file(path).read_text()


@node
def save(context: Context, value: int, name: str = "saved") -> SavedImages:
    """Writes a number to a file."""
    context.folders.outputs.mkdir(parents=True, exist_ok=True)
    path = context.folders.outputs / f"{name}-{value}.txt"
    path.write_text(str(value))
    return SavedImages((str(path),), (digest_file(path),))


@node
def steps(context: Context, count: int = 3) -> int:
    """Says how far it is."""
    for step in range(count):
        context.progress(step + 1, count)
    return count


@node
def sum_to(count: int = 3) -> Expansion[int]:
    """1 + 1 + ... by as many nodes."""
    nodes = {"n0": NodeEntry("toy.number", {"value": 0})}
    for index in range(count):
        nodes[f"n{index + 1}"] = NodeEntry("toy.add", links={"a": Link(f"n{index}")})
    return Expansion(Workflow(nodes, outputs={"number": Link(f"n{count}")}))


@node
def add_twice(a: int) -> Expansion[int]:
    """a + 2 by a graph that reads this node's own input."""
    nodes = {
        "first": NodeEntry("toy.add", links={"a": Link("inputs", "a")}),
        "second": NodeEntry("toy.add", links={"a": Link("first")}),
    }
    return Expansion(Workflow(nodes, {"a": InputDecl("a", "int")}, {"number": Link("second")}))


@node
def add_many(a: int, levels: int = 2) -> Expansion[int]:
    """a + levels, by expansions inside expansions."""
    if levels == 0:
        return Expansion(Workflow({}, {"a": InputDecl("a", "int")}, {"number": Link("inputs", "a")}))
    nodes = {
        "one": NodeEntry("toy.add", links={"a": Link("inputs", "a")}),
        "rest": NodeEntry("toy.add_many", {"levels": levels - 1}, {"a": Link("one")}),
    }
    return Expansion(Workflow(nodes, {"a": InputDecl("a", "int")}, {"number": Link("rest")}))


@node
def loop(body: Workflow, value: T, times: int = 2) -> Expansion[T]:
    """A sub-workflow again and again on its own result."""
    nodes, result = {}, Link("inputs", "value")
    for index in range(times):
        nodes[f"round{index}"] = NodeEntry("subgraph:body", links={"value": result})
        result = Link(f"round{index}", "value")
    inputs = {"value": InputDecl("value", "any")}
    return Expansion(Workflow(nodes, inputs, {"value": result}, subgraphs={"body": body}))


NODES = [
    add, add_many, add_twice, anything, choose, divide, double, fail, half, leave, leave_later, loop, mint, mints,
    noise, number, numbers, pick, purse, random, read, same, save, spoil, steps, sum_to, text, total, wait, worth,
]  # fmt: skip
KINDS = [Blob, Coin, SavedImages]


def pack(name: str, nodes: list[Any], kinds: list[Any] = ()) -> Pack:
    """A pack made of what is at hand."""
    module = types.ModuleType(f"test_pack_{name}")
    module.register_nodes = hookimpl(_hook("register_nodes", list(nodes)))  # type: ignore[attr-defined]
    module.register_kinds = hookimpl(_hook("register_kinds", list(kinds)))  # type: ignore[attr-defined]
    return pack_from_module(name, module)


def _hook(name: str, items: list[Any]) -> Any:
    def hook() -> list[Any]:
        return items

    hook.__name__ = name
    return hook


def registry(*more: Any) -> Registry:
    """A fresh registry of the toy pack; `more` nodes take the places of those of the same names."""
    nodes = {one.__name__: one for one in [*NODES, *more]}
    return load_registry([pack("toy", list(nodes.values()), KINDS)])


def engine(folder: Path | None, *more: Any, **options: Any) -> Engine:
    """A fresh engine; `folder` holds its cache, inputs and outputs, None keeps everything in memory."""
    folders = Folders(cache=None)
    if folder is not None:
        folders = Folders(outputs=folder / "outputs", cache=folder / "cache", inputs=(folder / "inputs",))
    return Engine(registry(*more), folders, device="cpu", **options)


def workflow(text: str, source: Path | None = None) -> Workflow:
    """A workflow from YAML without its first line, `format: 1`."""
    return parse_workflow(read_yaml(f"format: 1\n{text}", str(source) if source else "flow.yaml"), source)


def chain(length: int) -> Workflow:
    """number -> add -> add ...; the declared input `first` is the start."""
    nodes = {"n0": NodeEntry("toy.number", links={"value": Link("inputs", "first")})}
    for index in range(1, length):
        nodes[f"n{index}"] = NodeEntry("toy.add", links={"a": Link(f"n{index - 1}")})
    return Workflow(
        nodes, {"first": InputDecl("first", "int", 0, has_default=True)}, {"result": Link(f"n{length - 1}")}
    )


def states(result: Any) -> dict[str, str]:
    """The state of every node of a result or of a plan."""
    if hasattr(result, "states"):
        return dict(result.states)
    return {name: report.state for name, report in result.nodes.items()}
