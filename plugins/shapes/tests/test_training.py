"""Training: resumes to the bit, survives a torn write, decays to zero; and the small mathematics under it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from graph_engine_shapes import checkpoint, diffusion, loop, networks
from graph_engine_shapes.captions import parse
from graph_engine_shapes.optimiser import orthogonal, split
from graph_engine_shapes.text_task import TextTask, targets

TASK = TextTask(batch=4)


def test_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    whole = loop.train(TASK, tmp_path / "whole", minutes=60, max_steps=4)
    loop.train(TASK, tmp_path / "parts", minutes=60, max_steps=2)
    parts = loop.train(TASK, tmp_path / "parts", minutes=60, max_steps=4)
    assert (parts.counters.step, parts.counters.pictures) == (4, 16)
    for name, weight in whole.average.weights.items():
        assert torch.equal(weight, parts.average.weights[name]), name
    live = dict(whole.model.named_parameters())
    assert all(torch.equal(p, live[name]) for name, p in parts.model.named_parameters())


def test_a_torn_write_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    loop.train(TASK, tmp_path, minutes=60, max_steps=1)
    (tmp_path / (checkpoint.FILE + ".partial")).write_bytes(b"torn")
    assert loop.start(TASK, tmp_path).counters.step == 1


def test_the_rate_warms_up_stays_and_ends_at_zero() -> None:
    assert loop.rate(0, 0.0, 10.0) == 1 / loop.WARMUP_STEPS
    assert loop.rate(1000, 5.0, 10.0) == 1.0
    assert loop.rate(1000, 10.0, 10.0) == 0.0


def test_a_larger_budget_goes_on() -> None:
    assert loop.rate(1000, 10.0, 40.0) == 1.0


@pytest.mark.parametrize("shape", [(8, 40), (40, 8), (16, 16)])
def test_orthogonal_evens_out_the_singular_values(shape: tuple[int, int]) -> None:
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=torch.Generator().manual_seed(0))))
    assert values.min() > 0.5
    assert values.max() < 1.4


def test_norms_and_embeddings_are_not_for_muon() -> None:
    matrices, rest = split(networks.base_unet())
    assert all(p.ndim >= 2 for p in matrices)
    assert len(matrices) + len(rest) == len(list(networks.base_unet().parameters()))


def test_v_gives_back_the_clean_picture() -> None:
    x0, noise = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    alpha_bar = torch.tensor([0.9, 0.1])
    x, v = diffusion.noisy(x0, noise, alpha_bar)
    alpha, sigma = alpha_bar.sqrt()[:, None, None, None], (1 - alpha_bar).sqrt()[:, None, None, None]
    torch.testing.assert_close(alpha * x - sigma * v, x0)


def test_ddim_with_a_perfect_model_finds_the_picture() -> None:
    alpha_bars = networks.scheduler().alphas_cumprod
    goal = torch.rand(1, 3, 4, 4) * 2 - 1

    def perfect(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        alpha, sigma = alpha_bars[t[0]].sqrt(), (1 - alpha_bars[t[0]]).sqrt()
        return (alpha * x - goal) / sigma

    predict = diffusion.clean(perfect, alpha_bars)
    found = diffusion.ddim(predict, torch.randn(1, 3, 4, 4), alpha_bars, 5)
    torch.testing.assert_close(found, goal, atol=1e-4, rtol=0)


def test_targets_are_ordered_by_place() -> None:
    assert targets(parse("a red circle above a blue star")) == targets(parse("a blue star below a red circle"))
    assert targets(parse("a red circle above a blue star")) != targets(parse("a blue star above a red circle"))
