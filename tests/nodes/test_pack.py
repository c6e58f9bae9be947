"""The pack as the engine sees it: light to import, complete, documented; its workflows run on a tiny model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import graph_nodes
import PIL.Image
import pytest

from graph_engine import Context
from graph_engine.engine import Engine
from graph_engine.plugins import Registry, load_registry, pack_from_module
from graph_engine.workflow import read_workflow

WORKFLOWS = Path(__file__).parents[2] / "workflows"
HEAVY = ("torch", "numpy", "PIL", "diffusers", "transformers", "safetensors", "networkx")


def _registry() -> Registry:
    return load_registry([pack_from_module("core", graph_nodes)])


def test_reading_the_nodes_imports_nothing_heavy() -> None:
    code = (
        "import sys, json, graph_nodes\n"
        "from graph_engine.plugins import load_registry, pack_from_module\n"
        "registry = load_registry([pack_from_module('core', graph_nodes)])\n"
        f"print(json.dumps([len(registry.nodes), [name for name in {HEAVY!r} if name in sys.modules]]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    nodes, heavy = json.loads(done.stdout)
    assert nodes == len(_registry().nodes)
    assert heavy == []


def test_every_node_and_kind_registers() -> None:
    registry = _registry()
    assert registry.problems == []
    assert {"core.load_model", "core.denoise", "core.save_image", "core.switch"} <= set(registry.nodes)
    assert {"Image", "Latents", "Denoiser", "SavedImages"} <= set(registry.kinds)


@pytest.mark.parametrize("node_id", sorted(_registry().nodes))
def test_every_node_says_what_it_is_for_and_what_its_inputs_mean(node_id: str) -> None:
    spec = _registry().nodes[node_id]
    first = spec.doc.split("\n")[0]
    assert first.endswith(".")
    assert 15 <= len(first) <= 110
    obvious = {"context", "image", "images", "denoiser", "encoder", "text", "prompt", "items", "value", "first"}
    obvious |= {"second", "rows", "columns", "condition", "latents", "count", "start", "texts", "step", "stop"}
    unsaid = [name for name in spec.inputs if name not in obvious and not re.search(rf"\b{name}\b", spec.doc)]
    assert unsaid == []


@pytest.fixture
def engine(context: Context, tiny_glide: Path, tmp_path: Path) -> Engine:
    """An engine that has the built-in nodes, and the tiny model under the name that the workflows ask for."""
    from dataclasses import replace

    folders = replace(context.folders, cache=tmp_path / "cache", models={"shapes/glide": tiny_glide})
    return Engine(_registry(), folders, device="cpu", dtype="float32", debug=True)


@pytest.mark.parametrize("name", ["glide.yaml", "glide_grid.yaml"])
def test_the_workflows_check(engine: Engine, name: str) -> None:
    assert engine.check(read_workflow(WORKFLOWS / name)) == []


def test_glide_makes_a_batch_and_makes_it_again_from_its_own_picture(engine: Engine) -> None:
    workflow = read_workflow(WORKFLOWS / "glide.yaml")
    inputs = {"prompt": "a red circle", "steps": 2, "count": 2, "seed": 5}
    saved = engine.run(workflow, inputs).outputs["image"]
    assert [Path(path).name for path in saved.paths] == ["glide-0001.png", "glide-0002.png"]
    assert PIL.Image.open(saved.paths[0]).size == (16, 16)

    Path(saved.paths[1]).unlink()
    again = engine.run(read_workflow(Path(saved.paths[0]))).outputs["image"]
    assert again.digests == saved.digests


def test_the_grid_has_a_row_for_each_scale_and_a_column_for_each_seed(engine: Engine) -> None:
    workflow = read_workflow(WORKFLOWS / "glide_grid.yaml")
    result = engine.run(workflow, {"prompt": "a red circle", "scales": 2, "seeds": 3, "highest_scale": 3.0})
    width, height = PIL.Image.open(result.outputs["image"].paths[0]).size
    assert 3 * 128 < width < 3 * 128 + 150
    assert 2 * 128 < height < 2 * 128 + 100
