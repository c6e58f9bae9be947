"""The cache: whatever happens to its files, a damaged entry is a miss and the result is right."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from graph_engine import node
from graph_engine.cache import DiskCache, MemoryCache
from graph_engine.codec import NotStorable
from graph_engine.events import RunWarning

from . import toys
from .toys import Blob, Coin, engine, states, workflow

FLOW = "nodes:\n  n: {node: toy.noise, with: {seed: 3, size: 1000}}\n  d: {node: toy.double, from: {blob: n}}\noutputs: {d: d}"
KINDS = {"Blob": Blob, "Coin": Coin}
ROOT = Path(__file__).resolve().parents[2]


def right() -> torch.Tensor:
    return toys.double(toys.noise(3, 1000)).data


def files(folder: Path, section: str) -> list[Path]:
    return sorted(path for path in (folder / "cache" / "v1" / section).rglob("*") if path.is_file())


# What can be stored -------------------------------------------------------------------------------------------------

VALUES: list[Any] = [
    None,
    True,
    5,
    -0.5,
    float("inf"),
    "h\u00e9llo \U0001f600",
    [1, [2, "3"]],
    (1, (2,)),
    {"b": 1, "a": {"$tensor": 0}},
    {"$map": {"$kind": "x"}},
    {"$float": "nan"},
    [Coin(1), None, Coin(2)],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_as_it_was(tmp_path, value):
    cache = DiskCache(tmp_path, KINDS)
    cache.put("a" * 64, {"x": value})
    found = DiskCache(tmp_path, KINDS).get("a" * 64)
    assert found == {"x": value}
    assert repr(found["x"]) == repr(value)  # types and the order of mappings too


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool, torch.uint8])
@pytest.mark.parametrize("shape", [(), (0,), (3, 4)])
def test_tensors_come_back_bit_by_bit(tmp_path, dtype, shape):
    tensor = torch.ones(shape).to(dtype)
    cache = DiskCache(tmp_path, KINDS)
    cache.put("a" * 64, {"x": Blob(tensor.T if tensor.ndim == 2 else tensor, "l"), "y": [tensor]})
    found = cache.get("a" * 64)
    assert found["y"][0].dtype == dtype
    assert torch.equal(found["y"][0], tensor)
    assert found["x"].label == "l"


def endless() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


UNSTORABLE = [object(), {1: 2}, {1, 2}, 10**5000, "\ud800", endless(), torch.ones(2).to_sparse()]


@pytest.mark.parametrize("value", UNSTORABLE, ids=lambda value: type(value).__name__)
def test_what_cannot_be_stored_is_said_and_leaves_nothing(tmp_path, value):
    with pytest.raises(NotStorable):
        DiskCache(tmp_path, KINDS).put("a" * 64, {"x": value})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("value", [10**5000, "\ud800"], ids=["number", "text"])
def test_a_value_that_cannot_be_stored_is_a_warning_and_no_failure(folder, value):
    @toys.node
    def strange() -> Any:
        """A value that JSON cannot hold."""
        return value

    seen: list[Any] = []
    result = engine(folder, strange).run(
        workflow("nodes: {x: {node: toy.strange}}\noutputs: {x: x}"), on_event=seen.append
    )
    assert result.outputs == {"x": value}
    assert [event.message[:20] for event in seen if isinstance(event, RunWarning)] == ["kept in memory only:"]


# Damage -------------------------------------------------------------------------------------------------------------


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def be_a_folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def be_another(path: Path) -> None:
    others = [other for other in files(path.parents[4], path.parents[1].name) if other != path]
    path.write_bytes(others[0].read_bytes())


DAMAGES = {
    "flipped": flip,
    "truncated": cut,
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(random.Random(1).randbytes(300)),
    "gone": Path.unlink,
    "a folder": be_a_folder,
    "another's": be_another,
    "a dangling link": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}


@pytest.mark.parametrize("section", ["entries", "blobs"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_a_miss_and_the_result_is_right(folder, damage, section):
    engine(folder).run(workflow(FLOW))
    for path in files(folder, section)[:1] if damage == "another's" else files(folder, section):
        DAMAGES[damage](path)
    result = engine(folder).run(workflow(FLOW))
    assert result.status == "ok"
    assert torch.equal(result.outputs["d"].data, right())
    again = engine(folder).run(workflow(FLOW))
    assert torch.equal(again.outputs["d"].data, right())
    assert states(engine(folder).run(workflow(FLOW)))["d"] == "disk"


def test_verify_names_and_removes_what_is_damaged(folder):
    one = engine(folder)
    one.run(workflow(FLOW))
    assert one.cache.disk.verify() == []
    path = files(folder, "entries")[0]
    flip(path)
    assert one.cache.disk.verify() == [path.name]
    assert not path.exists()
    assert one.cache.disk.info().entries == 1


def test_a_kind_that_has_other_fields_now_is_a_miss(tmp_path):
    DiskCache(tmp_path, KINDS).put("a" * 64, {"x": Coin(1)})
    assert DiskCache(tmp_path, {"Coin": Blob}).get("a" * 64) is None


def test_an_entry_that_cannot_be_opened_now_is_not_thrown_away(tmp_path):
    cache = DiskCache(tmp_path, KINDS)
    cache.put("a" * 64, {"x": 1})
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        assert cache.get("a" * 64) is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert cache.get("a" * 64) == {"x": 1}


# A disk that fails --------------------------------------------------------------------------------------------------


def warnings(seen: list[Any]) -> list[str]:
    return [event.message for event in seen if isinstance(event, RunWarning)]


def test_a_full_disk_is_one_warning_and_the_run_is_right(folder):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    seen: list[Any] = []
    one = engine(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        result = one.run(workflow(FLOW), on_event=seen.append)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert torch.equal(result.outputs["d"].data, right())
    assert sum("cannot be written (File too large)" in message for message in warnings(seen)) == 1
    assert list((folder / "cache").rglob("*.tmp")) == []
    assert states(engine(folder).run(workflow(FLOW)))["d"] == "ran"


def test_a_cache_folder_that_cannot_be_made_is_one_warning(folder):
    (folder / "cache").write_text("a file stands where the folder should be")
    seen: list[Any] = []
    result = engine(folder).run(workflow(FLOW), on_event=seen.append)
    assert torch.equal(result.outputs["d"].data, right())
    assert len(warnings(seen)) == 2
    assert "results are not kept on disk" in warnings(seen)[0]
    assert "what this run was made of could not be remembered" in warnings(seen)[1]
    assert engine(folder).plan(workflow(FLOW)).reasons["d"] == "never run"


def test_the_disk_is_tried_again_later(folder, monkeypatch):
    one = engine(folder)
    (folder / "cache").write_text("in the way")
    one.run(workflow(FLOW))
    (folder / "cache").unlink()
    monkeypatch.setattr("graph_engine.cache.layered._RETRY_AFTER", 0.0)
    one.run(workflow(FLOW.replace("seed: 3", "seed: 4")))
    assert len(files(folder, "entries")) == 2


# Many at once -------------------------------------------------------------------------------------------------------


def test_two_caches_in_one_process_do_not_get_in_each_others_way(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    caches = [DiskCache(tmp_path, KINDS) for _ in range(4)]
    keys = [f"{n:02x}" * 32 for n in range(20)]

    def work(cache: DiskCache) -> None:
        for _ in range(10):
            for key in keys:
                cache.put(key, {"x": key})
                assert cache.get(key) in (None, {"x": key})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, caches))
    assert all(caches[0].get(key) == {"x": key} for key in keys)


WORKER = """
import os, random, signal, sys, time, torch
from pathlib import Path
from graph_engine import node
from graph_engine.cache import DiskCache
from tests.engine.toys import Blob

folder, kinds = Path(sys.argv[1]), {"Blob": Blob}

def work(seed, seconds):
    dice, cache, end = random.Random(seed), DiskCache(folder, kinds), time.monotonic() + seconds
    while time.monotonic() < end:
        number = dice.randrange(30)
        key, action = f"{number:02x}" * 32, dice.random()
        if action < 0.5:
            cache.put(key, {"x": Blob(torch.full((50,), float(number)), str(number))})
        elif action < 0.95:
            found = cache.get(key)
            assert found is None or (found["x"].label == str(number) and bool((found["x"].data == number).all())), found
        elif action < 0.98:
            cache.gc(dice.randrange(2000))
        else:
            cache.clear()

def start(seed, seconds):
    child = os.fork()
    if child == 0:
        try:
            work(seed, seconds)
        except BaseException as error:
            print(type(error).__name__, error, file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child

def share():
    children = [start(seed, 1.5) for seed in (1, 2, 3)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]

def kill():
    dice = random.Random(7)
    for turn in range(40):
        children = [start(dice.randrange(999), 60.0) for _ in range(2)]
        time.sleep(dice.random() * 0.06)
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        cache = DiskCache(folder, kinds)
        for number in range(30):
            found = cache.get(f"{number:02x}" * 32)
            assert found is None or bool((found["x"].data == number).all())
    cache.put("f" * 64, {"x": 1})
    assert cache.get("f" * 64) == {"x": 1}

{"share": share, "kill": kill}[sys.argv[2]]()
"""


def processes(folder: Path, what: str) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-c", WORKER, str(folder), what], cwd=ROOT, env=environment, timeout=120, check=True
    )


def test_processes_that_share_a_folder_never_read_a_wrong_value(tmp_path):
    processes(tmp_path, "share")


def test_a_folder_whose_users_are_killed_at_random_moments_stays_usable(tmp_path):
    processes(tmp_path, "kill")


def test_what_a_killed_writer_left_is_swept(tmp_path):
    cache = DiskCache(tmp_path, KINDS)
    cache.put("a" * 64, {"x": 1})
    old, new = (tmp_path / "v1" / "entries" / "aa" / f".{name}.tmp" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 9999,) * 2)
    cache.gc(0)
    assert not old.exists()
    assert new.exists()  # somebody may be writing it


# Budgets ------------------------------------------------------------------------------------------------------------


def test_gc_keeps_the_budget_and_what_was_used_last(tmp_path):
    cache = DiskCache(tmp_path, KINDS)
    keys = [f"{n:02x}" * 32 for n in range(10)]
    for age, key in enumerate(reversed(keys)):
        cache.put(key, {"x": "y" * 1000})
        os.utime(cache._entry_path(key), (time.time() - 4000 * (10 - age),) * 2)
    cache.get(keys[9])  # the oldest is used, and so becomes the newest
    size = cache.info().bytes
    assert cache.gc(size) == 0
    cache.gc(size // 2)
    kept = [key for key in keys if key in cache]
    assert keys[9] in kept
    assert keys[8] not in kept
    assert cache.info().bytes <= size // 2


def test_a_cache_keeps_its_budget_without_being_asked(tmp_path):
    cache = DiskCache(tmp_path, KINDS, budget_bytes=20_000)
    for number in range(200):
        cache.put(f"{number:064x}", {"x": "y" * 500})
    assert cache.info().bytes <= 23_000


def test_many_short_processes_keep_the_budget_too(tmp_path):
    for number in range(300):
        DiskCache(tmp_path, KINDS, budget_bytes=20_000).put(f"{number:064x}", {"x": "y" * 500})
    assert DiskCache(tmp_path, KINDS).info().bytes <= 40_000


def test_memory_is_bounded_by_bytes_and_the_least_recently_used_goes_first():
    cache = MemoryCache(10_000)
    for number in range(4):
        cache.put(str(number), {"x": torch.zeros(500)})  # 2,000 bytes each and a little more
    assert cache.get("0") is not None
    cache.put("4", {"x": torch.zeros(500)})
    assert [name for name in "01234" if name in cache] == ["0", "2", "3", "4"]
    assert cache.used_bytes <= 10_000
    cache.put("big", {"x": torch.zeros(5_000)})
    assert "big" not in cache
    assert len(cache) == 4


def test_arrays_and_bytes_count_by_their_size():
    import numpy

    for value in (numpy.zeros(5_000), b"x" * 40_000):
        cache = MemoryCache(10_000)
        cache.put("a", {"x": value})
        assert "a" not in cache


def test_the_folder_can_vanish_at_any_time(folder):
    one = engine(folder)
    one.run(workflow(FLOW))
    shutil.rmtree(folder / "cache")
    one.cache.memory.clear()
    assert torch.equal(one.run(workflow(FLOW)).outputs["d"].data, right())
    assert len(files(folder, "entries")) == 2


class _Both(NamedTuple):
    half: int
    rest: int


def _old_and_new() -> tuple[Any, Any]:
    """A node before and after its author gave it a second output and forgot to raise its version."""

    @node(category="toy")
    def parts(value: int = 7) -> int:
        """Half of a number."""
        return value // 2

    old = parts

    @node(category="toy")
    def parts(value: int = 7) -> _Both:
        """Half of a number, and what is left."""
        return _Both(value // 2, value - value // 2)

    return old, parts


def test_an_entry_without_an_output_that_the_node_has_by_now_is_a_miss(folder):
    old, new = _old_and_new()
    engine(folder, old).run(workflow("nodes: {p: {node: toy.parts}}\noutputs: {half: p}"))
    result = engine(folder, new).run(workflow("nodes: {p: {node: toy.parts}}\noutputs: {rest: p.rest}"))
    assert result.outputs == {"rest": 4}
    assert states(result) == {"p": "ran"}
