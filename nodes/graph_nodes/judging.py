"""Nodes that judge many pictures at once, by their features or side by side."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from graph_engine import Context, FeatureExtractor, Image, ImageEmbedding, Seed, Slider, node
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.weights import tensors_of, torch_dtype

__all__ = [
    "Compared",
    "Precision",
    "Statistics",
    "compare_pairs",
    "frechet_distance",
    "image_features",
    "precision_recall",
    "statistics",
]


@node(category="judging")
def image_features(context: Context, extractor: FeatureExtractor, image: Image) -> ImageEmbedding:
    """See pictures as the Inception network of the published FID figures sees them, for core.frechet_distance.

    extractor: a model whose part `feature_extractor` has the class FIDInceptionV3 and the tensors of pytorch-fid as
    safetensors. image: of any size. Each picture is seen alone, so that the batch around it changes nothing. For the
    features of a CLIP use core.encode_image.
    """
    import torch

    from graph_nodes.science import inception

    name = f"the {extractor.part} of {extractor.model!r}"
    if extractor.facts["class"] != "FIDInceptionV3":
        raise ModelRefused(f"{name}: the class {extractor.facts['class']!r} is not FIDInceptionV3")
    dtype = torch_dtype(context)
    tensors = tensors_of(context, extractor, "folder")
    weights = {key: tensor.to(context.device, dtype) for key, tensor in tensors.items()}
    rows = []
    for index, pixels in enumerate(image.pixels):
        try:
            with torch.no_grad():
                prepared = inception.prepare(pixels[None].to(context.device))
                rows.append(inception.features(weights, prepared.to(dtype)).float().cpu())
        except KeyError as missing:
            raise ModelRefused(
                f"{name} has no tensor {missing}; its weights are not those of FID's Inception"
            ) from None
        context.progress(index + 1, len(image.pixels))
    return ImageEmbedding(torch.cat(rows), extractor.facts["feature_space"])


@node(category="judging")
def frechet_distance(context: Context, features: ImageEmbedding, reference: ImageEmbedding) -> float:
    """How far the pictures of a model are, as a whole, from real ones (FID: Heusel et al. 2017, arXiv:1706.08500).

    features, reference: embeddings of both sets by one network, the real pictures at `reference`; 0 is best. It is FID
    as published only with Inception's features; with CLIP's say so beside the figure. Few pictures give too large a
    distance: compare only figures of equally many, and of more than the features have dimensions.
    """
    from graph_nodes.science import judging

    size = _check(features, reference, least=2)
    fewest = min(len(features.vectors), len(reference.vectors))
    if fewest <= size:
        context.warn(f"{fewest} pictures cannot fill {size} dimensions: the distance is too large, whatever they show")
    return judging.frechet_distance(features.vectors, reference.vectors)


class Precision(NamedTuple):
    """How good pictures are, and how much of what is possible they show."""

    precision: float
    """The share of the pictures that could be real ones, 0 to 1: their quality."""
    recall: float
    """The share of the real pictures that the model could have drawn, 0 to 1: its variety."""


@node(category="judging")
def precision_recall(
    features: ImageEmbedding, reference: ImageEmbedding, neighbours: Annotated[int, Slider(1, 100)] = 3
) -> Precision:
    """Tell quality and variety apart (improved precision and recall: Kynkaanniemi et al. 2019, arXiv:1904.06991).

    features, reference: embeddings of both sets by one network, the real pictures at `reference`. neighbours: around
    each picture lies a ball that reaches to so many of its nearest ones; what lies in a ball of the other set counts.
    """
    from graph_nodes.science import judging

    _check(features, reference, least=neighbours + 1)
    return Precision(*judging.precision_and_recall(features.vectors, reference.vectors, neighbours))


def _check(features: ImageEmbedding, reference: ImageEmbedding, least: int) -> int:
    """The dimensions; raises Misfit unless both sets are of one space and large enough."""
    if features.space != reference.space:
        raise Misfit(
            f"features of one network are wanted, found {features.space!r} and {reference.space!r}; "
            "use the same extractor for both"
        )
    fewest = min(len(features.vectors), len(reference.vectors))
    if fewest < least:
        raise Misfit(f"{least} pictures or more are wanted in each set, found {fewest}")
    return int(features.vectors.shape[1])


class Statistics(NamedTuple):
    """What a list of numbers is like."""

    mean: float
    standard_error: float
    """How far the mean would wander from sample to sample: the deviation over the root of how many; 0 for one."""
    lowest: float
    highest: float


@node(category="judging")
def statistics(numbers: list[float]) -> Statistics:
    """Sum up a list of numbers, such as the scores of many pictures. numbers: one or more."""
    import math
    from statistics import stdev

    if not numbers:
        raise Misfit("statistics want one number or more, found none")
    error = stdev(numbers) / math.sqrt(len(numbers)) if len(numbers) > 1 else 0.0
    return Statistics(math.fsum(numbers) / len(numbers), error, min(numbers), max(numbers))


class Compared(NamedTuple):
    """Two systems side by side, and who drew what."""

    sheet: Image
    """A row for each prompt, the two pictures in an order that does not tell their systems."""
    key: str
    """CSV: for each row the prompt, and which system stands left and right; to be opened when all is judged."""


@node(category="judging")
def compare_pairs(
    a: list[Image],
    b: list[Image],
    prompts: list[str],
    name_a: str = "a",
    name_b: str = "b",
    cell_size: Annotated[int, Slider(0, 1024)] = 128,
    seed: Seed = 0,
) -> Compared:
    """Show two systems on the same prompts, blind, for people to judge (DrawBench: Saharia et al. 2022).

    a, b: the pictures of each system in the order of the prompts, best drawn with the same seeds; batches are laid out
    picture by picture. prompts: one for each pair. name_a, name_b: what the key calls them. cell_size: as in core.grid.
    seed: throws the coin that decides, pair by pair, who stands left.
    """
    import torch

    from graph_nodes.sheet import Sheet, draw_sheet

    sides = [[pixels for image in images for pixels in image.pixels] for images in (a, b)]
    if not prompts or {len(side) for side in sides} != {len(prompts)}:
        raise Misfit(
            f"a picture of each system is wanted for each prompt, found {len(sides[0])} and {len(sides[1])} pictures "
            f"for {len(prompts)} prompts"
        )
    coins = torch.randint(0, 2, (len(prompts),), generator=torch.Generator().manual_seed(seed)).tolist()
    pictures = [sides[side ^ coin][k] for k, coin in enumerate(coins) for side in (0, 1)]
    labels = tuple(f"{k + 1}. {prompt}" for k, prompt in enumerate(prompts))
    sheet = Sheet(2, row_labels=labels, column_labels=("left", "right"), cell_size=cell_size)
    return Compared(Image(draw_sheet(pictures, sheet)[None]), _key(prompts, coins, (name_a, name_b)))


def _key(prompts: list[str], coins: list[int], names: tuple[str, str]) -> str:
    import csv
    import io

    text = io.StringIO()
    rows = [(k + 1, prompt, names[coins[k]], names[1 - coins[k]]) for k, prompt in enumerate(prompts)]
    csv.writer(text, lineterminator="\n").writerows([("row", "prompt", "left", "right"), *rows])
    return text.getvalue()
