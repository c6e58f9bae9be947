"""Nodes that work on points of CLIP's joint space: between two of them, along a text, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from graph_engine import ImageEmbedding, Slider, node
from graph_nodes.errors import Misfit

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "apply_text_difference",
    "batch_embeddings",
    "embedding_similarity",
    "interpolate_embeddings",
    "text_difference",
    "unbatch_embeddings",
]

Part = Annotated[float, Slider(0.0, 1.0, 0.05)]


@node(category="embeddings")
def interpolate_embeddings(a: ImageEmbedding, b: ImageEmbedding, t: Part = 0.5) -> ImageEmbedding:
    """Go a part of the way from one embedding to another, along the sphere (slerp: Shoemake 1985).

    a, b: of pictures or of texts, of one space; a single one goes with a whole batch. t: 0 is a, 1 is b; equal steps of
    t are equal angles (Ramesh et al. 2022, section 3.2). Lengths are interpolated too.
    """
    from graph_nodes.science import embeddings

    _check_pair(a, b)
    _check_not_opposite(a.vectors, b.vectors)
    return ImageEmbedding(embeddings.slerp(a.vectors, b.vectors, t), a.space)


@node(category="embeddings")
def text_difference(start: ImageEmbedding, target: ImageEmbedding) -> ImageEmbedding:
    """The direction from one caption to another, to move pictures along (Ramesh et al. 2022, section 3.3).

    start: core.embed_text of what the picture shows (or of the empty caption). target: core.embed_text of what it is to
    become. Gives the unit vector z_d = norm(z_t - z_t0), for core.apply_text_difference.
    """
    from graph_nodes.science import embeddings

    _check_pair(start, target)
    direction = embeddings.text_direction(start.vectors, target.vectors)
    if not direction.norm(dim=-1).all():
        raise Misfit(
            "the two texts have the same embedding, so there is no direction between them; use two that differ"
        )
    return ImageEmbedding(direction, start.space)


@node(category="embeddings")
def apply_text_difference(
    embedding: ImageEmbedding,
    difference: ImageEmbedding,
    strength: Part = 0.35,
) -> ImageEmbedding:
    """Turn the embedding of a picture towards a text difference (Ramesh et al. 2022, section 3.3).

    embedding: of a picture, by core.encode_image. difference: by core.text_difference. strength: how far, as a part of
    the angle between the two: the paper goes from 0 up to 0.25 to 0.5; 1 is the difference itself.
    """
    from graph_nodes.science import embeddings

    _check_pair(embedding, difference)
    _check_not_opposite(embedding.vectors, difference.vectors)
    return ImageEmbedding(embeddings.rotate(embedding.vectors, difference.vectors, strength), embedding.space)


@node(category="embeddings")
def batch_embeddings(embeddings: list[ImageEmbedding]) -> ImageEmbedding:
    """Put embeddings together into one batch, so that one run draws a picture for each.

    embeddings: single ones or batches, of one space, in the order of the links.
    """
    import torch

    if not embeddings:
        raise Misfit("a batch wants one embedding or more, found none")
    for other in embeddings[1:]:
        _check_space(embeddings[0], other)
    return ImageEmbedding(torch.cat([embedding.vectors for embedding in embeddings]), embeddings[0].space)


@node(category="embeddings")
def unbatch_embeddings(embedding: ImageEmbedding) -> list[ImageEmbedding]:
    """Take a batch apart into single embeddings. embedding: the batch."""
    return [ImageEmbedding(vector[None].clone(), embedding.space) for vector in embedding.vectors]


@node(category="embeddings")
def embedding_similarity(a: ImageEmbedding, b: ImageEmbedding) -> list[float]:
    """How alike embeddings are: the cosine of the angle between them, -1 to 1, row by row.

    a, b: of pictures or of texts, of one space; a single one is held against a whole batch.
    """
    from graph_nodes.science import embeddings

    _check_pair(a, b)
    return [float(cosine) for cosine in embeddings.cosines(a.vectors, b.vectors)]


def _check_space(a: ImageEmbedding, b: ImageEmbedding) -> None:
    if a.space != b.space:
        raise Misfit(f"embeddings of one space are wanted, found {a.space!r} and {b.space!r}; use one CLIP for both")


def _check_pair(a: ImageEmbedding, b: ImageEmbedding) -> None:
    """Raise Misfit unless two batches are of one space and of one size, or one of them is single."""
    _check_space(a, b)
    sizes = len(a.vectors), len(b.vectors)
    if sizes[0] != sizes[1] and 1 not in sizes:
        raise Misfit(f"batches of one size are wanted, found {sizes[0]} and {sizes[1]} embeddings")


def _check_not_opposite(a: Tensor, b: Tensor) -> None:
    from graph_nodes.science import embeddings

    if bool((embeddings.cosines(a, b) < -1 + 1e-9).any()):
        raise Misfit("the embeddings point in opposite directions, between which no way is the shortest; use others")
