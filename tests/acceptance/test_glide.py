"""The users' path with the shipped model: a prompt becomes a picture, and nothing is computed twice."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path

import pytest

from .conftest import GLIDE, ROOT, Shell, Write, pixels

pytestmark = pytest.mark.slow
PROMPT = ("--prompt", "a small green star on a white background", "--seed", "7")


def states(report: dict) -> dict[str, str]:
    return {name: node["state"] for name, node in report["nodes"].items()}


def test_a_second_process_takes_every_node_from_disk(shell: Shell) -> None:
    first = shell.json("run", GLIDE, *PROMPT)
    assert set(states(first).values()) == {"ran"}
    assert first.keys() == {"status", "nodes", "outputs", "error"}
    again = shell.json("run", GLIDE, *PROMPT)
    assert set(states(again).values()) == {"disk"}
    assert again["outputs"] == first["outputs"]


def test_no_cache_gives_identical_pixels(shell: Shell) -> None:
    cached = shell.json("run", GLIDE, *PROMPT)
    fresh = shell.json("run", GLIDE, *PROMPT, "--no-cache")
    assert set(states(fresh).values()) == {"ran"}
    assert fresh["outputs"]["image"] != cached["outputs"]["image"]
    assert pixels(fresh["outputs"]["image"]) == pixels(cached["outputs"]["image"])


JUDGE = """
format: 1
inputs: {picture: {type: file}, prompt: {type: text}}
nodes:
  load: {node: core.load_image, from: {file: inputs.picture}}
  judge: {node: shapes.judge, from: {image: load.image, prompt: inputs.prompt}}
outputs: {objects: judge.objects, report: judge.report}
"""


def test_most_pictures_show_what_the_prompt_says(shell: Shell, write: Write) -> None:
    judge = write("judge.yaml", JUDGE)
    pictures = shell.json("run", GLIDE, *PROMPT, "--count", "6")["outputs"]["image"]
    found = [shell.json("run", judge, "--picture", path, *PROMPT[:2])["outputs"] for path in pictures]
    assert sum(one["objects"] for one in found) >= 4, [one["report"] for one in found]


def test_a_saved_picture_makes_itself_again(shell: Shell) -> None:
    first = shell.json("run", GLIDE, *PROMPT, "--steps", "6")["outputs"]["image"]
    elsewhere = Shell(shell.folder / "elsewhere")
    elsewhere.folder.mkdir()
    again = elsewhere.json("run", first)
    assert set(states(again).values()) == {"ran"}
    assert pixels(again["outputs"]["image"]) == pixels(first)


def test_plan_names_exactly_what_a_change_makes_run(shell: Shell) -> None:
    shell.json("run", GLIDE, *PROMPT)
    plan = shell.json("plan", GLIDE, *PROMPT, "--set", "upsample.steps=9")
    found = {step["node"]: (step["state"], step["reason"]) for step in plan["steps"]}
    assert found["upsample"] == ("run", "steps 10 -> 9")
    assert found["decode"] == ("run", "after upsample")
    assert found["save"] == ("run", "after decode")
    assert all(state == "disk" for name, (state, _) in found.items() if name not in {"upsample", "decode", "save"})
    ran = shell.json("run", GLIDE, *PROMPT, "--set", "upsample.steps=9")
    assert {name for name, state in states(ran).items() if state == "ran"} == {"upsample", "decode", "save"}


def test_interrupting_while_sampling_stops_and_keeps_what_is_finished(shell: Shell) -> None:
    process = shell.start("run", GLIDE, *PROMPT, "--set", "base.steps=1000", "--json")
    wait_for_entries(shell.folder / "cache", 3)
    time.sleep(1)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - begun < 10
    assert json.loads(out)["status"] == "cancelled"
    plan = shell.json("plan", GLIDE, *PROMPT)
    found = {step["node"]: step["state"] for step in plan["steps"]}
    assert found["text"] == found["model"] == "disk"
    assert found["base"] == "run"


def test_killed_twenty_times_the_run_still_ends_right(shell: Shell) -> None:
    want = Shell(shell.folder / "undisturbed")
    want.folder.mkdir()
    right = pixels(want.json("run", GLIDE, *PROMPT)["outputs"]["image"])
    chance = random.Random(20)
    most = 0
    for _ in range(20):
        process = shell.start("run", GLIDE, *PROMPT, "-q")
        time.sleep(chance.uniform(0.2, 9))
        process.kill()
        process.communicate()
        plan = shell.json("plan", GLIDE, *PROMPT)
        done = sum(step["state"] == "disk" for step in plan["steps"])
        assert done >= most, "a finished node was lost"
        most = done
    last = shell.json("run", GLIDE, *PROMPT)
    assert last["status"] == "ok"
    assert pixels(last["outputs"]["image"]) == right
    assert shell.run("cache", "verify").returncode == 0


def test_the_grid_of_scales_and_seeds_is_one_sheet(shell: Shell) -> None:
    options = ("--scales", "2", "--seeds", "2")
    report = shell.json("run", ROOT / "workflows" / "glide_grid.yaml", *options, "--set", "sheet.cell_size=64")
    assert sum(name.endswith("/decode") for name in report["nodes"]) == 4
    assert Path(report["outputs"]["image"]).is_file()


def wait_for_entries(cache: Path, count: int) -> None:
    """Until `count` results are in the cache folder."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if sum(1 for _ in (cache / "v1" / "entries").glob("*/*")) >= count:
            return
        time.sleep(0.05)
    raise AssertionError("the run did not get so far")
