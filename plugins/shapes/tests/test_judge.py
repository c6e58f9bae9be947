"""The judge reads clean pictures without error, and is not fooled by others."""

from __future__ import annotations

import pytest
import torch
from graph_engine_shapes.captions import describe
from graph_engine_shapes.drawing import render
from graph_engine_shapes.judging import judge, regions, see
from graph_engine_shapes.scenes import Scenes


@pytest.mark.parametrize("resolution", [32, 64])
def test_every_attribute_of_a_clean_render_is_read(scenes: Scenes, resolution: int) -> None:
    for i, seen in enumerate(see(render(scenes, resolution))):
        assert judge(seen, describe(scenes, i)).everything, (describe(scenes, i), seen)


def test_noise_is_mostly_forgiven(scenes: Scenes) -> None:
    pictures = render(scenes, 32)
    noisy = pictures + 0.1 * torch.randn(pictures.shape, generator=torch.Generator().manual_seed(0))
    right = [judge(seen, describe(scenes, i)).everything for i, seen in enumerate(see(noisy))]
    assert sum(right) / len(right) > 0.95


def test_another_scenes_caption_is_refused(scenes: Scenes) -> None:
    seen = see(render(scenes, 32))
    wrong = [judge(seen[i - 1], describe(scenes, i)).everything for i in range(len(scenes))]
    assert sum(wrong) / len(wrong) < 0.01


def test_what_a_caption_leaves_open_is_not_scored(scenes: Scenes) -> None:
    one = (scenes.count == 1).nonzero()[0]
    seen = see(render(scenes.take(one), 32))[0]
    assert judge(seen, f"a {seen.objects[0].shape}").everything


def test_an_empty_picture_has_no_objects() -> None:
    seen = see(torch.zeros(1, 3, 32, 32))[0]
    assert (seen.background, seen.objects) == ("black", ())
    assert not judge(seen, "a red circle").count


def test_regions_do_not_join_at_corners() -> None:
    mask = torch.tensor([[[1, 0, 0], [0, 1, 1], [0, 0, 1]]]).bool()
    assert len(regions(mask).unique()) == 3
