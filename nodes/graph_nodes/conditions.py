"""What a denoiser is told at each step: its text and what is bound to it, as tensors, and the same without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph_engine import Context, Denoiser, Image, ImageEmbedding, Latents, Mask, TextEmbedding
from graph_nodes.weights import torch_dtype

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["Conditions", "batches", "gather"]

AS_THEY_ARE = ("low_resolution", "noise_level", "class_label", "masked_image", "known", "mask")
"""Conditions that are not put into the run's dtype: what stands beside x_t, and what is counted."""


@dataclass(frozen=True)
class Conditions:
    """conditional, unconditional: what the network is told, by name, one row per picture, on the run's device.

    unconditional is None where the model has nothing to put in the condition's place.
    """

    conditional: Mapping[str, Tensor]
    unconditional: Mapping[str, Tensor] | None


def batches(denoiser: Denoiser, text: TextEmbedding | None) -> dict[str, int]:
    """Condition -> how many rows it has."""
    sizes = {"text": len(text.prompts)} if text else {}
    for name, value in denoiser.conditions.items():
        if isinstance(value, Latents | Image | ImageEmbedding):
            sizes[name] = len(_tensor(value))
        elif name == "inpaint":
            sizes[name] = len(_tensor(value["image"]))
    return sizes


def gather(
    context: Context,
    denoiser: Denoiser,
    text: TextEmbedding | None,
    scheduler: Any,
    generators: Sequence[Generator],
) -> Conditions:
    """The conditions of one run; noise augmentation is drawn from the generators, after x_T."""
    given = {**_low_resolution(denoiser, scheduler, generators), **_inpaint(denoiser)}
    conditional, null = dict(given), dict(given)
    for with_condition, without in (_text(denoiser, text), _class_label(denoiser), _image_embedding(denoiser)):
        conditional |= with_condition
        null |= without
    n = len(generators)
    complete = null.keys() == conditional.keys()
    return Conditions(_placed(context, conditional, n), _placed(context, null, n) if complete else None)


Pair = tuple[dict[str, "Tensor"], dict[str, "Tensor"]]
"""(with the condition, without it)."""


def _text(denoiser: Denoiser, text: TextEmbedding | None) -> Pair:
    if text is None:
        return {}, {}
    told = {"tokens": text.tokens, "pooled": text.pooled, "mask": text.mask}
    null = {"tokens": text.null_tokens, "pooled": text.null_pooled, "mask": text.null_mask}
    if not denoiser.facts.get("text_mask", True):
        told["mask"] = null["mask"] = None
    return _present(told), _present(null)


def _present(parts: Mapping[str, Tensor | None]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in parts.items() if tensor is not None}


def _class_label(denoiser: Denoiser) -> Pair:
    import torch

    if "class_label" not in denoiser.conditions:
        return {}, {}
    null = denoiser.facts.get("null_class")
    label = torch.tensor([denoiser.conditions["class_label"]])
    return {"class_label": label}, {} if null is None else {"class_label": torch.tensor([null])}


def _image_embedding(denoiser: Denoiser) -> Pair:
    if "image_embedding" not in denoiser.conditions:
        return {}, {}
    vectors = denoiser.conditions["image_embedding"].vectors * denoiser.facts.get("embedding_scale", 1.0)
    return {"image_embedding": vectors}, {"image_embedding": vectors * 0}


def _tensor(value: Image | Latents | ImageEmbedding) -> Tensor:
    if isinstance(value, Latents):
        return value.samples
    return value.vectors if isinstance(value, ImageEmbedding) else value.pixels


def _signed(picture: Image | Latents) -> Tensor:
    """A picture in -1..1."""
    return picture.samples.clamp(-1, 1) if isinstance(picture, Latents) else picture.pixels * 2 - 1


def _low_resolution(denoiser: Denoiser, scheduler: Any, generators: Sequence[Generator]) -> dict[str, Tensor]:
    """The small picture in -1..1 at the network's size, with the noise that its augmentation level asks for."""
    import torch

    from graph_nodes.science import networks, sampling

    if "low_resolution" not in denoiser.conditions:
        return {}
    size = denoiser.facts["size"]
    low = networks.enlarge(_signed(denoiser.conditions["low_resolution"]).float(), (size, size))
    if "noise_level" not in denoiser.conditions:
        return {"low_resolution": low}
    n = len(generators)
    level = torch.full((n,), denoiser.conditions["noise_level"], dtype=torch.long)
    noise = sampling.initial_noise(low.shape[1:], generators)
    return {"low_resolution": sampling.noised(low, noise, scheduler.alphas_cumprod[level]), "noise_level": level}


def _inpaint(denoiser: Denoiser) -> dict[str, Tensor]:
    """The picture with what may change blacked out (0 in -1..1), and 1 where it is known: GLIDE's order and sense."""
    from graph_nodes.science.images import fit

    if "inpaint" not in denoiser.conditions:
        return {}
    image: Image | Latents = denoiser.conditions["inpaint"]["image"]
    mask: Mask = denoiser.conditions["inpaint"]["mask"]
    picture = _signed(image)
    known = 1 - fit(mask.values, picture).ceil()
    known = known.expand(len(picture), *known.shape[1:])
    return {"masked_image": picture * known, "known": known}


def _placed(context: Context, conditions: Mapping[str, Tensor], n: int) -> dict[str, Tensor]:
    """Conditions on the run's device and in its dtype, one row per picture."""
    dtype = torch_dtype(context)
    placed = {}
    for name, tensor in conditions.items():
        rows = tensor if len(tensor) == n else tensor.repeat_interleave(n, dim=0)
        placed[name] = rows.to(context.device) if name in AS_THEY_ARE else rows.to(context.device, dtype)
    return placed
