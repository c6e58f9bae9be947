"""What a denoiser is told at each step: its text and what is bound to it, as tensors, and the same without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph_engine import Context, Denoiser, Image, ImageEmbedding, Latents, Mask, TextEmbedding
from graph_nodes.autoencoding import draw_latents
from graph_nodes.weights import scheduler_config, tensors_of, torch_dtype

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["Conditions", "batches", "gather", "latent_mask"]

AS_THEY_ARE = (
    *("low_resolution", "noise_level", "class_label", "masked_image", "known", "mask"),
    *("repaint_mask", "masked_latents", "guidance"),
)
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
    shape: Sequence[int],
) -> Conditions:
    """The conditions of one run on samples of `shape`; noise augmentation is drawn from the generators, after x_T."""
    given = {
        **_low_resolution(context, denoiser, scheduler, generators, shape),
        **_inpaint(context, denoiser, generators),
    }
    conditional, null = dict(given), dict(given)
    pairs = (
        _text(denoiser, text),
        _class_label(denoiser),
        _image_embedding(context, denoiser),
        _sizes(denoiser, shape),
        _guidance(denoiser),
    )
    for with_condition, without in pairs:
        conditional |= with_condition
        null |= without
    n = len(generators)
    complete = null.keys() == conditional.keys()
    return Conditions(
        _placed(context, denoiser, conditional, n), _placed(context, denoiser, null, n) if complete else None
    )


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


def _image_embedding(context: Context, denoiser: Denoiser) -> Pair:
    """The embedding, and beside it the one to push away from: given, learned by the model, or zero."""
    if "image_embedding" not in denoiser.conditions:
        return {}, {}
    vectors = denoiser.conditions["image_embedding"].vectors * denoiser.facts.get("embedding_scale", 1.0)
    null = vectors * 0
    if "negative_embedding" in denoiser.conditions:
        null = denoiser.conditions["negative_embedding"].vectors
    elif "projection" in denoiser.facts:
        from graph_nodes.science.unclip import NULL_IMAGE

        null = tensors_of(context, denoiser, "projection")[NULL_IMAGE].float()[None]
    return {"image_embedding": vectors}, {"image_embedding": null}


def _sizes(denoiser: Denoiser, shape: Sequence[int]) -> Pair:
    """The sizes that Stable Diffusion XL is told, in pixels (Podell et al. 2023, arXiv:2307.01952, section 2.2)."""
    import torch

    kind = denoiser.facts.get("size_condition")
    if not kind:
        return {}, {}
    own = [side * denoiser.facts["factor"] for side in shape[1:]]
    told = denoiser.conditions.get("sizes", {"original": own, "crop": [0, 0], "target": own, "scores": [6.0, 2.5]})
    ends = ([told["scores"][0]], [told["scores"][1]]) if kind == "scored" else (told["target"], told["target"])
    with_score, without = (
        torch.tensor([[*told["original"], *told["crop"], *end]], dtype=torch.float32) for end in ends
    )
    return {"sizes": with_score}, {"sizes": without}


def _guidance(denoiser: Denoiser) -> Pair:
    """The guidance that a model was taught to follow, told to it as a number; both halves are told the same."""
    import torch

    if not denoiser.facts.get("guidance_embedded"):
        return {}, {}
    told = {"guidance": torch.tensor([float(denoiser.conditions.get("guidance", 3.5))])}
    return told, told


def _tensor(value: Image | Latents | ImageEmbedding) -> Tensor:
    if isinstance(value, Latents):
        return value.samples
    return value.vectors if isinstance(value, ImageEmbedding) else value.pixels


def _signed(picture: Image | Latents) -> Tensor:
    """A picture in -1..1; latents as they are."""
    if isinstance(picture, Image):
        return picture.pixels * 2 - 1
    return picture.samples.clamp(-1, 1) if picture.space == "pixel" else picture.samples


def _low_resolution(
    context: Context, denoiser: Denoiser, scheduler: Any, generators: Sequence[Generator], shape: Sequence[int]
) -> dict[str, Tensor]:
    """The small picture in -1..1 at the size of the samples, with the noise that its augmentation level asks for."""
    import torch

    from graph_nodes.science import networks, sampling

    if "low_resolution" not in denoiser.conditions:
        return {}
    height, width = shape[1:]
    way = denoiser.facts.get("enlarge", "bilinear")
    small = _signed(denoiser.conditions["low_resolution"]).float()
    if denoiser.facts.get("low_resolution_rounded"):  # as a file of 8 bits would have it
        small = ((small + 1) * 127.5).round() / 127.5 - 1
    low = networks.enlarge(small, (height, width), way)
    if "noise_level" not in denoiser.conditions:
        return {"low_resolution": low}
    n = len(generators)
    level = torch.full((n,), denoiser.conditions["noise_level"], dtype=torch.long)
    noise = sampling.initial_noise(low.shape[1:], generators)
    alphas = _augmentation_schedule(context, denoiser, scheduler)
    return {"low_resolution": sampling.noised(low, noise, alphas[level]), "noise_level": level}


def _augmentation_schedule(context: Context, denoiser: Denoiser, scheduler: Any) -> Tensor:
    """abar of the schedule that noises the small picture: one of its own, or the network's."""
    from graph_nodes.science import schedules

    if "augmentation_scheduler" not in denoiser.facts:
        own: Tensor = scheduler.alphas_cumprod
        return own
    return schedules.alphas_of(scheduler_config(context, denoiser, "augmentation_scheduler"))


def _inpaint(context: Context, denoiser: Denoiser, generators: Sequence[Generator]) -> dict[str, Tensor]:
    """The picture with what may change blacked out (0 in -1..1), and 1 where it is known: GLIDE's order and sense."""
    from graph_nodes.science.images import fit

    if "inpaint" not in denoiser.conditions:
        return {}
    if "vae" in denoiser.conditions["inpaint"]:
        return _latent_inpaint(context, denoiser, generators)
    image: Image | Latents = denoiser.conditions["inpaint"]["image"]
    mask: Mask = denoiser.conditions["inpaint"]["mask"]
    picture = _signed(image)
    known = 1 - fit(mask.values, picture).ceil()
    known = known.expand(len(picture), *known.shape[1:])
    return {"masked_image": picture * known, "known": known}


def _latent_inpaint(context: Context, denoiser: Denoiser, generators: Sequence[Generator]) -> dict[str, Tensor]:
    """1 where the model may draw, at the latents' size, and the latents of the picture without that part: Stable
    Diffusion's order and sense, or Kandinsky's. The autoencoder's draw comes after x_T."""
    import torch
    from torch.nn import functional

    bound, n = denoiser.conditions["inpaint"], len(generators)
    may_change = (bound["mask"].values >= 0.5).float()
    known = denoiser.facts.get("inpaint_shows") == "known"
    masked = (bound["image"].pixels * 2 - 1) * (1 if known else (may_change < 0.5))
    pictures = masked if len(masked) == n else masked.repeat_interleave(n, dim=0)
    drawn = zip(pictures, generators, strict=True)
    rows = [draw_latents(context, bound["vae"], pixels[None], generator) for pixels, generator in drawn]
    latents = torch.cat(rows)
    if known:
        kept = 1 - latent_mask(denoiser, may_change, latents)
        return {"masked_image": latents * kept, "known": kept.expand(n, -1, -1, -1)}
    size = tuple(latents.shape[-2:])
    return {"repaint_mask": functional.interpolate(may_change, size=size), "masked_latents": latents}


def latent_mask(denoiser: Denoiser, mask: Tensor, latents: Tensor) -> Tensor:
    """1 where latents may change: a mask brought to their size as the model was trained to see it."""
    from graph_nodes.science import images, masks

    if denoiser.facts.get("inpaint_shows") == "known":
        from torch.nn import functional

        return masks.grow_aslant(functional.interpolate((mask >= 0.5).float(), size=tuple(latents.shape[-2:])))
    return images.fit(mask, latents)


def _placed(context: Context, denoiser: Denoiser, conditions: Mapping[str, Tensor], n: int) -> dict[str, Tensor]:
    """Conditions on the run's device and in its dtype, one row per picture."""
    dtype = torch_dtype(context, denoiser)
    placed = {}
    for name, tensor in conditions.items():
        rows = tensor if len(tensor) == n else tensor.repeat_interleave(n, dim=0)
        placed[name] = rows.to(context.device) if name in AS_THEY_ARE else rows.to(context.device, dtype)
    return placed
