"""Judges of many pictures against the papers' formulas, written out; sheets for blind comparison."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest
import torch
from graph_nodes.errors import Misfit
from graph_nodes.judging import compare_pairs, frechet_distance, precision_recall, statistics
from torch import Tensor

from graph_engine import Context, Image, ImageEmbedding


def _features(n: int, d: int, seed: int, spread: float = 1.0, shift: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=generator, dtype=torch.float64) * spread
    return torch.randn(n, d, generator=generator, dtype=torch.float64) @ mix + shift


def _embedding(vectors: Tensor, space: str = "tiny-clip") -> ImageEmbedding:
    return ImageEmbedding(vectors, space)


def _reference_distance(a: Tensor, b: Tensor) -> float:
    """Heusel et al. 2017, eq. 6, by numpy's covariances and the eigenvalues of the product, which is not symmetric."""
    import numpy as np

    c_a, c_b = np.cov(a.numpy(), rowvar=False), np.cov(b.numpy(), rowvar=False)
    cross = np.sqrt(np.linalg.eigvals(c_a @ c_b).astype(complex)).real.sum()
    difference = a.numpy().mean(0) - b.numpy().mean(0)
    return float(difference @ difference + np.trace(c_a) + np.trace(c_b) - 2 * cross)


@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_the_frechet_distance_is_the_formula(shift: float) -> None:
    a, b = _features(200, 12, 1), _features(150, 12, 2, spread=1.4, shift=shift)
    found = frechet_distance(Context(), _embedding(a), _embedding(b))
    assert found == pytest.approx(_reference_distance(a, b), rel=1e-9)


def test_the_frechet_distance_is_that_of_a_general_matrix_root() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    import numpy as np

    a, b = _features(300, 8, 3), _features(300, 8, 4)
    c_a, c_b = np.cov(a.numpy(), rowvar=False), np.cov(b.numpy(), rowvar=False)
    mean = ((a.mean(0) - b.mean(0)) ** 2).sum().item()
    theirs = mean + np.trace(c_a + c_b - 2 * linalg.sqrtm(c_a @ c_b).real)
    assert frechet_distance(Context(), _embedding(a), _embedding(b)) == pytest.approx(theirs, rel=1e-8)


def test_the_frechet_distance_of_normals_along_the_axes_is_known() -> None:
    """|m_a - m_b|^2 + sum (s_a - s_b)^2, for samples that have exactly these moments."""
    corners = torch.tensor([[x, y] for x in (-1.0, 1.0) for y in (-1.0, 1.0)], dtype=torch.float64) * math.sqrt(3 / 4)
    a, b = corners * torch.tensor([1.0, 2.0]), corners * torch.tensor([3.0, 0.5]) + torch.tensor([2.0, 0.0])
    assert frechet_distance(Context(), _embedding(a), _embedding(b)) == pytest.approx(4 + 4 + 2.25, rel=1e-12)


def test_equal_sets_have_no_distance_even_where_the_covariance_is_singular() -> None:
    features = _features(5, 12, 6).float()
    assert frechet_distance(Context(), _embedding(features), _embedding(features)) < 1e-6


def test_too_few_pictures_for_the_dimensions_are_told() -> None:
    heard: list[str] = []
    listening = replace(Context(), on_warning=heard.append)
    frechet_distance(listening, _embedding(_features(13, 12, 1)), _embedding(_features(13, 12, 2)))
    assert heard == []
    frechet_distance(listening, _embedding(_features(12, 12, 1)), _embedding(_features(13, 12, 2)))
    assert heard == ["12 pictures cannot fill 12 dimensions: the distance is too large, whatever they show"]


def _reference_coverage(manifold: Tensor, points: Tensor, k: int) -> float:
    """Kynkaanniemi et al. 2019, eq. 1 and 2, one pair of points after the other."""
    rows = manifold.tolist()
    radius = [sorted(math.dist(row, other) for other in rows)[k] for row in rows]
    inside = [any(math.dist(point, row) <= r for row, r in zip(rows, radius, strict=True)) for point in points.tolist()]
    return sum(inside) / len(inside)


@pytest.mark.parametrize("k", [1, 3])
def test_precision_and_recall_are_the_formula(k: int) -> None:
    made, real = _features(60, 3, 7, spread=0.8), _features(80, 3, 8, shift=0.5)
    found = precision_recall(_embedding(made), _embedding(real), k)
    assert found.precision == _reference_coverage(real, made, k)
    assert found.recall == _reference_coverage(made, real, k)
    assert 0 < found.precision < 1


def test_a_model_that_repeats_itself_has_precision_and_no_recall() -> None:
    real = _features(100, 2, 9)
    stuck = real[:1] + 1e-3 * _features(50, 2, 10)
    found = precision_recall(_embedding(stuck), _embedding(real))
    assert found.precision > 0.9
    assert found.recall < 0.1


def test_sets_of_other_networks_and_sets_that_are_too_small_are_refused() -> None:
    few, other = _embedding(torch.zeros(3, 4)), _embedding(torch.zeros(3, 4), "inception")
    with pytest.raises(Misfit, match="found 'tiny-clip' and 'inception'; use the same extractor for both"):
        frechet_distance(Context(), few, other)
    with pytest.raises(Misfit, match="4 pictures or more are wanted in each set, found 3"):
        precision_recall(few, few)
    with pytest.raises(Misfit, match="2 pictures or more are wanted in each set, found 1"):
        frechet_distance(Context(), few, _embedding(torch.zeros(1, 4)))


def test_statistics_are_those_of_the_textbook() -> None:
    found = statistics([1.0, 2.0, 3.0, 6.0])
    assert (found.mean, found.lowest, found.highest) == (3.0, 1.0, 6.0)
    assert found.standard_error == pytest.approx(math.sqrt(14 / 3) / 2)
    assert statistics([0.1] * 10).mean == 0.1
    assert statistics([4.0]).standard_error == 0
    with pytest.raises(Misfit, match="one number or more"):
        statistics([])


PROMPTS = [f"prompt, number {k}" for k in range(20)]


def _flat(value: float, count: int) -> Image:
    return Image(torch.full((count, 3, 8, 8), value))


def test_the_key_says_who_stands_where_on_the_blind_sheet() -> None:
    compared = compare_pairs([_flat(0.0, 12), _flat(0.0, 8)], [_flat(1.0, 20)], PROMPTS, "black", "white", 8, seed=3)
    rows = list(csv.DictReader(io.StringIO(compared.key)))
    assert [row["prompt"] for row in rows] == PROMPTS
    assert [row["row"] for row in rows] == [str(k + 1) for k in range(20)]
    assert {row["left"] for row in rows} == {"black", "white"} == {row["right"] for row in rows}
    assert all(row["left"] != row["right"] for row in rows)
    # The cells stand at the right edge, 8 pixels wide with 6 between, one row every 14 pixels, up from the bottom.
    pixels = compared.sheet.pixels[0]
    for k, row in enumerate(reversed(rows)):
        y = pixels.shape[1] - 14 * (k + 1) + 2
        left, right = pixels[0, y, -24].item(), pixels[0, y, -10].item()
        assert {left: row["left"], right: row["right"]} == {0.0: "black", 1.0: "white"}


def test_the_order_follows_the_seed_alone() -> None:
    a, b = [_flat(0.0, 20)], [_flat(1.0, 20)]
    first, again, other = (compare_pairs(a, b, PROMPTS, seed=seed).key for seed in (1, 1, 2))
    assert first == again != other
    with pytest.raises(Misfit, match="found 20 and 20 pictures for 19 prompts"):
        compare_pairs(a, b, PROMPTS[1:])
