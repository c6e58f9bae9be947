"""The pack as the engine sees it: nodes, models, commands, and no torch at registration."""

from __future__ import annotations

import argparse
import subprocess
import sys

import graph_engine_shapes
import pytest
import torch
from graph_engine_shapes import nodes
from graph_engine_shapes.captions import parse
from graph_engine_shapes.export import EXPORTS


def test_registering_the_pack_imports_no_torch() -> None:
    code = "import sys, graph_engine_shapes as g; g.register_nodes(), g.register_models(), g.register_commands(); "
    code += "assert not {'torch', 'diffusers', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_pack_brings_nodes_models_and_a_command() -> None:
    assert [node.spec.title for node in graph_engine_shapes.register_nodes()]
    assert {source.name for source in graph_engine_shapes.register_models()} == set(EXPORTS)
    (command,) = graph_engine_shapes.register_commands()
    parser = argparse.ArgumentParser()
    command.configure(parser)
    assert parser.parse_args(["glide", "--minutes", "3"]).minutes == 3


def test_what_is_rendered_is_judged_right() -> None:
    prompt = "a large red circle above a small blue square on a gray background"
    image = nodes.render(prompt, size=48, count=3, seed=4)
    assert image.pixels.shape == (3, 3, 48, 48)
    judgement = nodes.judge(image, prompt)
    assert (judgement.score, judgement.objects) == (1.0, 1.0)
    assert judgement.report.splitlines()[0].endswith("on gray: all right")
    assert nodes.judge(image, "a small green star").score == 0


def test_picture_k_of_a_batch_is_the_picture_of_its_own_seed() -> None:
    batch = nodes.render("a star", count=3, seed=10).pixels
    assert torch.equal(batch[2:], nodes.render("a star", count=1, seed=12).pixels)


@pytest.mark.parametrize(("objects", "counts"), [("one", {1}), ("two", {2}), ("both", {1, 2})])
def test_random_prompts_ask_for_what_was_wanted(objects: str, counts: set[int]) -> None:
    prompts = nodes.random_prompts(40, objects, "held out", 3)
    assert {len(parse(prompt).objects) for prompt in prompts} == counts
    assert prompts == nodes.random_prompts(40, objects, "held out", 3)


def test_a_prompt_without_objects_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="one or two objects"):
        nodes.render("a zebra")
