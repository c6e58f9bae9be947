"""Embeddings between and along others: against the formulas in float64, and by what must always hold."""

from __future__ import annotations

import math

import pytest
import torch
from graph_nodes.embeddings import (
    apply_text_difference,
    batch_embeddings,
    embedding_similarity,
    interpolate_embeddings,
    text_difference,
    unbatch_embeddings,
)
from graph_nodes.errors import Misfit
from graph_nodes.science.embeddings import clip_scores, cosines, slerp
from torch import Tensor
from torch.nn import functional

from graph_engine import ImageEmbedding


def _vectors(n: int, seed: int, d: int = 16) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def _embedding(n: int = 1, seed: int = 0, space: str = "tiny-clip") -> ImageEmbedding:
    return ImageEmbedding(functional.normalize(_vectors(n, seed), dim=-1), space)


def _shoemake(a: Tensor, b: Tensor, t: float) -> Tensor:
    """sin((1 - t) theta) / sin(theta) a + sin(t theta) / sin(theta) b, for unit vectors in float64."""
    theta = math.acos(float(a @ b))
    return (math.sin((1 - t) * theta) * a + math.sin(t * theta) * b) / math.sin(theta)


@pytest.mark.parametrize("t", [0.0, 0.1, 0.5, 0.77, 1.0])
def test_slerp_is_shoemakes_formula(t: float) -> None:
    a, b = _embedding(3, 1), _embedding(3, 2)
    found = interpolate_embeddings(a, b, t)
    for row, first, second in zip(found.vectors, a.vectors.double(), b.vectors.double(), strict=True):
        expected = _shoemake(first / first.norm(), second / second.norm(), t)
        torch.testing.assert_close(row.double(), expected, rtol=0, atol=1e-7)
    assert found.space == "tiny-clip"
    assert found.vectors.dtype == torch.float32


def test_the_ends_are_the_two_embeddings_to_the_bit() -> None:
    a, b = _vectors(4, 3), _vectors(4, 4)
    assert torch.equal(slerp(a, b, 0.0), a)
    assert torch.equal(slerp(a, b, 1.0), b)


def test_equal_steps_are_equal_angles_on_the_unit_sphere() -> None:
    a, b = _embedding(1, 5), _embedding(1, 6)
    way = torch.cat([interpolate_embeddings(a, b, k / 8).vectors for k in range(9)]).double()
    torch.testing.assert_close(way.norm(dim=1), torch.ones(9, dtype=torch.float64), rtol=0, atol=1e-6)
    angles = torch.arccos((way[1:] * way[:-1]).sum(dim=1))
    whole = math.acos(float(a.vectors[0].double() @ b.vectors[0].double()))
    torch.testing.assert_close(angles, torch.full_like(angles, whole / 8), rtol=0, atol=1e-5)


def test_there_and_back_is_the_same_way() -> None:
    a, b = _vectors(2, 7), _vectors(2, 8)
    torch.testing.assert_close(slerp(a, b, 0.3), slerp(b, a, 0.7))


def test_lengths_go_evenly_from_one_to_the_other() -> None:
    a, b = 2 * functional.normalize(_vectors(1, 9), dim=1), 6 * functional.normalize(_vectors(1, 10), dim=1)
    lengths = [float(slerp(a, b, t).norm()) for t in (0.0, 0.25, 0.5, 1.0)]
    assert lengths == pytest.approx([2, 3, 4, 6], rel=1e-6)


def test_parallel_and_zero_vectors_take_the_straight_line() -> None:
    a = _vectors(1, 11)
    for b in (a.clone(), 3 * a, a * (1 + 1e-7), torch.zeros_like(a)):
        torch.testing.assert_close(slerp(a, b, 0.4), torch.lerp(a, b, 0.4))


def test_a_tiny_angle_joins_the_straight_line_smoothly() -> None:
    a, side = torch.eye(16)[:1], torch.eye(16)[1:2]
    for angle in (1e-7, 9e-7, 1.1e-6, 1e-5, 1e-3):
        b = math.cos(angle) * a.double() + math.sin(angle) * side.double()
        found = slerp(a.double(), b, 0.5)
        expected = math.cos(angle / 2) * a.double() + math.sin(angle / 2) * side.double()
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_one_embedding_goes_with_a_batch() -> None:
    a, b = _embedding(1, 12), _embedding(3, 13)
    together = interpolate_embeddings(a, b, 0.3).vectors
    alone = [interpolate_embeddings(a, one, 0.3).vectors for one in unbatch_embeddings(b)]
    assert torch.equal(together, torch.cat(alone))


def test_a_text_difference_is_the_unit_vector_between_two_texts() -> None:
    start, target = _embedding(1, 14), _embedding(1, 15)
    z_d = target.vectors.double() - start.vectors.double()
    found = text_difference(start, target).vectors
    torch.testing.assert_close(found.double(), z_d / z_d.norm(), rtol=0, atol=1e-7)
    longer = text_difference(ImageEmbedding(5 * start.vectors, "tiny-clip"), target).vectors
    torch.testing.assert_close(longer, found)


@pytest.mark.parametrize("theta", [0.0, 0.25, 0.5])
def test_applying_a_text_difference_is_the_papers_rotation(theta: float) -> None:
    z_i, z_d = _embedding(1, 16), text_difference(_embedding(1, 17), _embedding(1, 18))
    found = apply_text_difference(z_i, z_d, theta).vectors[0].double()
    expected = _shoemake(functional.normalize(z_i.vectors[0].double(), dim=0), z_d.vectors[0].double(), theta)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)
    longer = apply_text_difference(ImageEmbedding(7 * z_i.vectors, "tiny-clip"), z_d, theta).vectors[0].double()
    torch.testing.assert_close(longer, 7 * expected, rtol=0, atol=1e-6)


def test_batches_are_joined_and_taken_apart_in_order() -> None:
    a, b = _embedding(2, 19), _embedding(1, 20)
    joined = batch_embeddings([a, b])
    assert torch.equal(joined.vectors, torch.cat([a.vectors, b.vectors]))
    assert torch.equal(batch_embeddings(unbatch_embeddings(joined)).vectors, joined.vectors)


def test_similarity_is_the_cosine_whatever_the_lengths() -> None:
    a, b = _vectors(3, 21), 4 * _vectors(3, 22)
    found = embedding_similarity(ImageEmbedding(a, "s"), ImageEmbedding(b, "s"))
    assert found == pytest.approx(functional.cosine_similarity(a.double(), b.double()).tolist(), abs=1e-7)
    assert cosines(a, a).tolist() == pytest.approx([1.0] * 3)
    assert [float(cosines(a[k : k + 1], b[:1])[0]) for k in range(3)] == cosines(a, b[:1]).tolist()


def test_clip_score_is_two_and_a_half_times_what_is_positive_of_the_cosine() -> None:
    assert clip_scores(torch.tensor([-0.5, 0.0, 0.3])).tolist() == pytest.approx([0.0, 0.0, 0.75])


def test_what_does_not_fit_is_named() -> None:
    a = _embedding(1, 23)
    with pytest.raises(Misfit, match="one space are wanted, found 'tiny-clip' and 'other'"):
        interpolate_embeddings(a, _embedding(1, 24, "other"))
    with pytest.raises(Misfit, match="found 2 and 3 embeddings"):
        embedding_similarity(_embedding(2), _embedding(3))
    with pytest.raises(Misfit, match="opposite directions"):
        interpolate_embeddings(a, ImageEmbedding(-a.vectors, "tiny-clip"))
    with pytest.raises(Misfit, match="there is no direction between them"):
        text_difference(a, a)
    with pytest.raises(Misfit, match="one embedding or more"):
        batch_embeddings([])
    with pytest.raises(Misfit, match="'tiny-clip' and 'other'"):
        batch_embeddings([a, _embedding(1, 24, "other")])
