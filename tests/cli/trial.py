"""A pack of small nodes that try the shell: numbers, texts, failures, steps, and a file."""

import threading
from typing import Annotated, Any, Literal

from graph_engine import Context, FilePath, Seed, Slider, hookimpl, node


@node
def add(a: int, b: int = 1) -> int:
    """The sum of a and b."""
    return a + b


@node
def scale(number: float, factor: Annotated[float, Slider(0, 10)] = 2.0) -> float:
    """A number times a factor."""
    return number * factor


@node
def shout(text: str, mark: Literal["!", "?"] = "!", loud: bool = True, seed: Seed = 0) -> str:
    """A text with a mark, loud or not; seed is there to be shown."""
    return (text.upper() if loud else text) + mark


@node
def total(numbers: list[int]) -> int:
    """The sum of numbers."""
    return sum(numbers)


@node
def joined(texts: list[str]) -> str:
    """All texts in one."""
    return "|".join(texts)


@node(cache=False)
def first_line(context: Context, file: Annotated[str, FilePath((".txt",))]) -> str:
    """The first line of a file."""
    return context.input_file(file).read_text().splitlines()[0]


@node(cache=False)
def first_file(context: Context, folder: Annotated[str, FilePath()]) -> str:
    """The name of the first file of a folder."""
    return min(path.name for path in context.input_folder(folder).iterdir())


@node
def steps(context: Context, count: int = 3) -> int:
    """Reports count steps, and warns once."""
    context.warn("mind the step")
    for step in range(count):
        context.progress(step + 1, count)
    return count


@node
def wait(context: Context, seconds: float = 60.0) -> int:
    """Waits for some seconds in small steps, as a sampler does."""
    pause = threading.Event()
    for step in range(int(seconds * 50)):
        pause.wait(0.02)
        context.progress(step + 1, int(seconds * 50))
    return 0


@node
def fail(number: int = 0) -> int:
    """Fails, whatever the number."""
    raise ValueError(f"{number} is too much")


@hookimpl
def register_nodes() -> list[Any]:
    return [add, scale, shout, total, joined, first_line, first_file, steps, wait, fail]
