"""CLIP's training captions: the false ones are false, and the figures are read from a model of any state."""

from __future__ import annotations

import pytest
import torch
from graph_engine_shapes.alignment import clip_figures
from graph_engine_shapes.captions import names_held_out, parse, seeded
from graph_engine_shapes.clip_task import CHANGES, ClipReader, ClipTask, changed
from graph_engine_shapes.drawing import render
from graph_engine_shapes.judging import judge, see
from graph_engine_shapes.scenes import scenes_of

TWO = parse("a large red circle above a small blue square on a pink background")


@pytest.mark.parametrize("way", CHANGES)
def test_a_changed_caption_is_false_of_the_picture(way: str) -> None:
    seen = see(render(scenes_of(TWO, 8, torch.Generator().manual_seed(0)), 32))
    false = changed(TWO, seeded(1), way)
    assert false is not None
    assert all(judge(s, TWO).everything and not judge(s, false).everything for s in seen)


def test_what_makes_no_difference_is_no_change() -> None:
    assert changed(parse("a red circle and a red square"), seeded(0), "swap_colours") is None
    assert changed(parse("a red circle"), seeded(0), "relation") is None
    assert changed(parse("a red circle"), seeded(0), "size") is None


def test_true_captions_come_first_and_fit_their_pictures() -> None:
    pictures, shown, wanted, captions = ClipTask(batch=6).pairs(torch.Generator().manual_seed(0))
    assert (len(pictures), len(captions)) == (6, 12)
    assert [parse(text) for text in captions[:6]] == wanted
    assert all(w.objects[0].shape == s.objects[0].shape for w, s in zip(wanted, shown, strict=True))


def test_no_caption_in_training_names_a_held_out_combination() -> None:
    task = ClipTask(batch=300, keep=1.0)
    *_, captions = task.pairs(torch.Generator().manual_seed(2))
    assert not any(names_held_out(parse(text)) for text in captions)


def test_figures_cover_every_change() -> None:
    row = clip_figures(ClipReader().eval(), 12, seed=3)
    assert set(row) == {"top1", "hard_negatives", *CHANGES}
