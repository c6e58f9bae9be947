"""The models in the package: complete, small, in half precision, each with its card, and obedient."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import graph_engine_shapes
import pytest
from graph_engine_shapes.alignment import fresh_prompts, mean, verdicts
from graph_engine_shapes.evaluate import Shipped
from graph_engine_shapes.tokenizer import tokens
from safetensors import safe_open

FOLDERS = {source.name: source.folder for source in graph_engine_shapes.register_models()}


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


@pytest.mark.parametrize("name", FOLDERS)
def test_every_part_lies_where_model_json_says(name: str) -> None:
    folder = FOLDERS[name]
    for part in read(folder / "model.json")["parts"].values():
        assert (folder / part["folder"] / "config.json").is_file()
        if "tokenizer" in part:
            vocabulary = read(folder / part["tokenizer"] / "tokenizer.json")["model"]["vocab"]
            assert list(vocabulary) == tokens()
        if "scheduler" in part:
            schedule = read(folder / part["scheduler"] / "scheduler_config.json")
            assert schedule["prediction_type"] == part["prediction_type"]


@pytest.mark.parametrize("name", FOLDERS)
def test_weights_are_half_precision_safetensors(name: str) -> None:
    files = list(FOLDERS[name].rglob("*.safetensors"))
    assert files
    for path in files:
        with safe_open(path, "pt") as file:
            assert {file.get_slice(key).get_dtype() for key in file.keys()} == {"F16"}  # noqa: SIM118


def test_all_models_together_stay_small() -> None:
    files = [path for folder in FOLDERS.values() for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 80_000_000


@pytest.mark.parametrize("name", FOLDERS)
def test_the_card_names_data_recipe_and_figures(name: str) -> None:
    card = read(FOLDERS[name] / "card.json")
    assert {"title", "license", "data", "recipe", "trainings", "evaluation"} <= card.keys()
    assert all(training["minutes"] > 0 for training in card["trainings"].values())


def test_the_measured_figures_keep_the_promise() -> None:
    headline = read(FOLDERS["glide"] / "card.json")["evaluation"]["headline"]
    for combinations in ("rest", "held_out"):
        one, two = (f"{name}_{combinations}_guidance_" for name in ("one_object", "two_objects"))
        assert headline[one + "3"] >= 0.85
        assert headline[two + "3"] >= 0.50
        assert headline[two + "3"] > headline[two + "1"]


def test_glide_draws_what_it_is_asked_for() -> None:
    model = Shipped(FOLDERS["glide"])
    prompts = fresh_prompts(6, True, seed=9)
    low, high = model.pictures(prompts, seed=40, steps=8, scale=3.0)
    assert high is not None
    assert high.shape == (6, 3, 64, 64)
    assert mean(verdicts(low, prompts), "objects") >= 0.5
    assert mean(verdicts(high, prompts), "objects") >= 0.5
