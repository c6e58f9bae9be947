"""Same seed, same pixels: in another process, and with other pictures in the batch."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from graph_engine import Engine
from graph_engine.workflow import read_workflow

WORKFLOWS = Path(__file__).parents[2] / "workflows"
STEPS = {"steps": 2, "prior_steps": 2, "resample": 1}
BATCHED = [
    "adm_classifier_guidance",
    "glide",
    "glide_clip_guidance",
    "glide_inpaint",
    "imagen",
    "latent_diffusion",
    "latent_img2img",
    "latent_inpaint",
    "latent_upscale",
    "parti",
    "unclip",
    "unclip_ar_prior",
]
"""Workflows that save each picture of a batch in a file of its own."""


def _pictures(engine: Engine, name: str, **inputs: int) -> list[np.ndarray]:
    workflow = read_workflow(WORKFLOWS / f"{name}.yaml")
    few = {key: value for key, value in STEPS.items() if key in workflow.inputs}
    result = engine.run(workflow, {**few, **inputs})
    assert result.status == "ok", result.error
    return [np.asarray(PIL.Image.open(path), dtype=int) for path in result.outputs["image"].paths]


@pytest.mark.parametrize("name", BATCHED)
def test_picture_k_of_a_batch_is_the_picture_made_alone_with_seed_plus_k(engine: Engine, name: str) -> None:
    together = _pictures(engine, name, count=3, seed=40)
    (alone,) = _pictures(engine, name, count=1, seed=42)
    assert len(together) == 3
    assert np.abs(together[2] - alone).max() <= 1
    assert np.abs(together[1] - alone).max() > 1


SCRIPT = """
import hashlib, sys
from pathlib import Path
import PIL.Image, torch
from graph_engine import Engine, Folders
from graph_engine.workflow import read_workflow
torch.set_num_threads(1)
folder = Path(sys.argv[1])
engine = Engine(folders=Folders(outputs=folder / "outputs", cache=folder / "cache"), device="cpu", dtype="float32")
for file in sys.argv[2:]:
    workflow = read_workflow(Path(file))
    few = {name: 2 for name in ("steps", "prior_steps", "candidates", "count") if name in workflow.inputs}
    result = engine.run(workflow, few)
    assert result.status == "ok", result.error
    for path in result.outputs["image"].paths:
        print(Path(file).stem, hashlib.sha256(PIL.Image.open(path).tobytes()).hexdigest())
"""
EVERY_KIND = [
    "adm_classifier_guidance",
    "dalle",
    "glide",
    "glide_clip_guidance",
    "imagen",
    "latent_inpaint",
    "parti",
    "unclip",
]


def test_two_processes_make_the_same_pixels(tmp_path: Path) -> None:
    files = [str(WORKFLOWS / f"{name}.yaml") for name in EVERY_KIND]

    def made(run: int) -> str:
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / str(run)), *files]
        hashing = {**os.environ, "PYTHONHASHSEED": str(run)}
        return subprocess.run(command, env=hashing, check=True, capture_output=True, text=True).stdout

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(made, (1, 2))
    assert len(first.splitlines()) >= len(files)
    assert first == second
