"""Nodes that see with CLIP: embeddings of pictures and texts, scores, labels, the best of many, search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

from graph_engine import CLIP, Context, Image, ImageEmbedding, Multiline, Slider, node
from graph_nodes import clip_towers
from graph_nodes.clip_towers import check_sight, embed_pictures, embed_prompt, logit_scale, space_of
from graph_nodes.errors import Misfit

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Classified",
    "ClipScores",
    "Found",
    "Ranked",
    "clip_classify",
    "clip_score",
    "clip_search",
    "embed_nothing",
    "embed_text",
    "encode_image",
    "rerank",
]

Keep = Annotated[int, Slider(1, 4096)]


@node(category="clip")
def encode_image(context: Context, clip: CLIP, image: Image) -> ImageEmbedding:
    """Embed pictures in CLIP's joint space, to vary them, to mix them or to compare them.

    clip: the model; it sees the middle square of a picture at its own size. image: of any size. Each picture is
    embedded alone, so that the batch around it changes nothing.
    """
    check_sight(clip)
    space = space_of(clip)
    return ImageEmbedding(embed_pictures(context, clip, list(image.pixels)), space)


@node(category="clip")
def embed_text(context: Context, clip: CLIP, prompt: Annotated[str, Multiline()]) -> ImageEmbedding:
    """Embed a text in CLIP's joint space, where it can stand in a picture's place.

    clip: the model. prompt: what a picture might show. For a text as a denoiser reads it, use core.encode_text.
    """
    space = space_of(clip)
    return ImageEmbedding(embed_prompt(context, clip, prompt), space)


@node(category="clip")
def embed_nothing(context: Context, clip: CLIP) -> ImageEmbedding:
    """The embedding of no picture at all, which Kandinsky pushes away from where there is no negative prompt.

    clip: the model whose image tower looks at nothing.
    """
    check_sight(clip)
    space = space_of(clip)
    return ImageEmbedding(clip_towers.embed_nothing(context, clip), space)


class ClipScores(NamedTuple):
    """How well pictures fit a text."""

    scores: list[float]
    """CLIPScore of each picture: 2.5 * max(cos, 0)."""
    mean: float
    """The mean of the scores."""
    cosines: list[float]
    """The plain cosine of the angle between picture and text, -1 to 1."""


@node(category="clip")
def clip_score(
    context: Context, clip: CLIP, image: Image, prompt: Annotated[str, Multiline()], template: str = "{}"
) -> ClipScores:
    """Score how well pictures fit a text (CLIPScore: Hessel et al. 2021, arXiv:2104.08718).

    clip: the judge; scores of different CLIPs cannot be compared. image: the pictures. template: every `{}` in it is
    replaced by the prompt; the paper writes `A photo depicts {}` in front.
    """
    from graph_nodes.science import embeddings

    check_sight(clip)
    cosine = embeddings.cosines(*_both(context, clip, list(image.pixels), template.replace("{}", prompt)))
    scores = embeddings.clip_scores(cosine).tolist()
    return ClipScores(scores, sum(scores) / len(scores), cosine.tolist())


class Classified(NamedTuple):
    """What pictures show, among the labels that were offered."""

    labels: list[str]
    """The most probable label of each picture."""
    probabilities: list[list[float]]
    """For each picture the probability of every label, in the order of the labels."""
    report: str
    """A line for each picture: its most probable labels and how probable they are."""


@node(category="clip")
def clip_classify(context: Context, clip: CLIP, image: Image, labels: list[str], template: str = "{}") -> Classified:
    """Say what pictures show, among labels that CLIP was never trained to tell apart (Radford et al. 2021).

    clip: the model. image: the pictures. labels: two or more texts to choose among. template: every `{}` in it is
    replaced by the label, such as `a photo of a {}`. The probabilities are the softmax of the scaled cosines, so that
    they say which label fits best of these, not whether it fits.
    """
    import torch

    from graph_nodes.science import embeddings

    check_sight(clip)
    if len(labels) < 2:
        raise Misfit(f"to choose a label takes two or more of them, found {len(labels)}")
    texts = torch.cat([embed_prompt(context, clip, template.replace("{}", label)) for label in labels])
    scale = logit_scale(context, clip)
    pictures = embed_pictures(context, clip, list(image.pixels))
    rows = [torch.softmax(scale * embeddings.cosines(picture[None], texts), dim=0).tolist() for picture in pictures]
    best = [labels[row.index(max(row))] for row in rows]
    return Classified(best, rows, "\n".join(_line(k, labels, row) for k, row in enumerate(rows)))


def _line(index: int, labels: Sequence[str], probabilities: Sequence[float], most: int = 3) -> str:
    ranked = sorted(zip(probabilities, labels, strict=True), key=lambda pair: -pair[0])[:most]
    return f"picture {index + 1}: " + ", ".join(f"{label} {100 * p:.1f} %" for p, label in ranked)


class Ranked(NamedTuple):
    """The pictures that fit a text best, the best first."""

    image: Image
    scores: list[float]
    """The cosine of the angle between each of them and the text."""
    order: list[int]
    """Where each of them stood in the batch, counted from 0."""


@node(category="clip")
def rerank(context: Context, clip: CLIP, image: Image, prompt: Annotated[str, Multiline()], keep: Keep = 4) -> Ranked:
    """Sort candidates by how well CLIP thinks that they fit a text, and keep the best (DALL-E: Ramesh et al. 2021).

    clip: the judge. image: the candidates. prompt: what they should show. keep: how many of the best to keep; more than
    there are keeps all, sorted. Equals stay in their order.
    """
    check_sight(clip)
    scores, order = _ranking(context, clip, list(image.pixels), prompt, keep)
    return Ranked(Image(image.pixels[order].clone()), scores, order)


class Found(NamedTuple):
    """The pictures that a search found, the best first."""

    images: list[Image]
    names: list[str]
    scores: list[float]
    """The cosine of the angle between each picture and the text."""
    captions: list[str]
    """Score and name of each, for a sheet."""


@node(category="clip")
def clip_search(
    context: Context,
    clip: CLIP,
    images: list[Image],
    prompt: Annotated[str, Multiline()],
    names: list[str] | None = None,
    keep: Keep = 4,
) -> Found:
    """Find the pictures that fit a text best, among many of any sizes: a folder by core.load_images, or a batch.

    clip: the model. images: what is searched, batches picture by picture. prompt: what is looked for. names: one for
    each picture, such as its file's; without them the pictures are numbered. keep: how many of the best to give.
    """
    check_sight(clip)
    pictures = [pixels for image in images for pixels in image.pixels]
    titles = [f"picture {k + 1}" for k in range(len(pictures))] if names is None else names
    if not pictures or len(titles) != len(pictures):
        raise Misfit(f"a search wants pictures and a name for each, found {len(pictures)} with {len(titles)} names")
    scores, order = _ranking(context, clip, pictures, prompt, keep)
    found = [titles[k] for k in order]
    captions = [f"{score:.3f} {name}" for score, name in zip(scores, found, strict=True)]
    return Found([Image(pictures[k][None].clone()) for k in order], found, scores, captions)


def _both(context: Context, clip: CLIP, pictures: Sequence[Tensor], text: str) -> tuple[Tensor, Tensor]:
    """(pictures [n, d], text [1, d]), the text first, because it is quick and may be refused."""
    embedded = embed_prompt(context, clip, text)
    return embed_pictures(context, clip, pictures), embedded


def _ranking(
    context: Context, clip: CLIP, pictures: Sequence[Tensor], prompt: str, keep: int
) -> tuple[list[float], list[int]]:
    """(scores, places) of the best `keep` pictures, the best first."""
    from graph_nodes.science import embeddings

    scores: list[float] = embeddings.cosines(*_both(context, clip, pictures, prompt)).tolist()
    order = sorted(range(len(scores)), key=lambda k: -scores[k])[:keep]
    return [scores[k] for k in order], order
