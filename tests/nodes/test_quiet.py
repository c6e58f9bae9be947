"""What the libraries below say to their own callers is not told to who runs a workflow, because it is not true here."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import graph_nodes
import pytest
from graph_nodes.models import load_model
from graph_nodes.science import schedules
from graph_nodes.text import encode_text

from graph_engine import Context

CONFIGS = Path(graph_nodes.__file__).parent / "checkpoints" / "configs"
READ = [json.loads(path.read_text()) for path in sorted(CONFIGS.glob("*/*scheduler/scheduler_config.json"))]
PUBLISHED: list[dict[str, Any]] = list({(config["_class_name"], *sorted(config)): config for config in READ}.values())
"""The schedules of the published models, one of each class with the same settings."""


class _Ears(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """What diffusers and transformers log as a warning."""
    import diffusers.utils.logging
    import transformers.utils.logging

    ears = _Ears()
    loggers = [library.utils.logging.get_logger() for library in (diffusers, transformers)]
    for logger in loggers:
        logger.addHandler(ears)
    yield ears.heard
    for logger in loggers:
        logger.removeHandler(ears)


def test_the_ears_hear(heard: list[str]) -> None:
    import diffusers

    diffusers.DDIMScheduler.from_config({"odd": 1})
    assert len(heard) == 1


@pytest.mark.parametrize("steps", [4, 5])
@pytest.mark.parametrize("name", [*schedules.SCHEDULERS, schedules.PUBLISHED])
def test_no_scheduler_complains_of_the_schedule_of_a_published_model(name: str, steps: int, heard: list[str]) -> None:
    for config in PUBLISHED:
        if "Flow" not in config["_class_name"]:
            schedules.make_scheduler(name, config, steps)
    assert heard == []


def test_neither_do_the_flows_nor_the_inverse(heard: list[str]) -> None:
    for config in PUBLISHED:
        if "Flow" in config["_class_name"]:
            schedules.make_scheduler("euler", config, 4, schedules.FlowSteps(16))
        else:
            schedules.make_inverse(config, 4)
            schedules.alphas_of(config)
    assert heard == []


@pytest.mark.parametrize("reading", [{}, {"weights": True}, {"long_prompt": True}], ids=["plain", "weighed", "long"])
def test_a_prompt_that_is_too_long_is_told_by_the_node_alone(
    context: Context, heard: list[str], reading: dict[str, Any]
) -> None:
    told: list[str] = []
    listening = replace(context, on_warning=told.append)
    encoder = load_model(context, "tiny/glide").text_encoder
    assert encoder is not None
    if reading:
        encoder = replace(encoder, facts={**encoder.facts, "recipe": "clip"})
    encode_text(listening, encoder, "a red circle " * 5, **reading)
    assert len(told) == (0 if "long_prompt" in reading else 1)
    assert heard == []
