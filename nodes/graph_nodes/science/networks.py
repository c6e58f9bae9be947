"""Networks as the sampler calls them: (x_t, t, conditions) -> prediction, whatever the class behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from graph_nodes.science import unclip
from graph_nodes.science.sampling import Conditions, Network

__all__ = ["BESIDE", "enlarge", "flux", "last_by", "prior", "sd3", "unclip_decoder", "unet", "x2_upscaler"]

BESIDE = ("low_resolution", "masked_image", "known", "repaint_mask", "masked_latents")
"""Conditions of x_t's size that are concatenated after x_t, in this order."""
_TEXT = {"tokens": "encoder_hidden_states", "mask": "encoder_attention_mask"}
_LABELS = ("class_label", "noise_level")


def unet(
    module: Any,
    *,
    pixel_unshuffle: int = 1,
    pooled_to_class: bool = False,
    beside: Sequence[str] = BESIDE,
    dtype: torch.dtype,
) -> Network:
    """A diffusers UNet2DConditionModel, or a UNet2DModel (which takes no text).

    conditions: `tokens` [n, length, width] with `mask` bool [n, length] to the cross-attention; `pooled` [n, width]
    to the timestep embedding when `pooled_to_class`; `class_label` or `noise_level` [n] to the class embedding;
    `image_embedding` [n, d] to the timestep embedding and, projected, to the cross-attention; `low_resolution`,
    `masked_image` [n, c, h, w] and `known` [n, 1, h, w] of x_t's size, concatenated after x_t (Nichol et al. 2021,
    sections 4.3 and 2.4), or `repaint_mask` and `masked_latents` for latents; `sizes` [n, 6] with `pooled` [n, width]
    to the timestep embedding of Stable Diffusion XL. pixel_unshuffle: fold r x r pixels into channels around the
    network (Shi et al. 2016, arXiv:1609.05158). beside: in which order such conditions follow x_t.
    """
    r = pixel_unshuffle

    def network(x: Tensor, t: Tensor, conditions: Conditions) -> Tensor:
        x = torch.cat([x, *(conditions[name] for name in beside if name in conditions)], dim=1)
        if r > 1:
            x = functional.pixel_unshuffle(x, r)
        options: dict[str, Any] = {keyword: conditions[name] for name, keyword in _TEXT.items() if name in conditions}
        if "sizes" in conditions:
            options["added_cond_kwargs"] = {"text_embeds": conditions["pooled"], "time_ids": conditions["sizes"]}
        if "image_embedding" in conditions:
            options["added_cond_kwargs"] = {"image_embeds": conditions["image_embedding"]}
            options.setdefault("encoder_hidden_states", None)  # Kandinsky's makes its own of the embedding
        labels = conditions.get("pooled") if pooled_to_class else None
        labels = next((conditions[name] for name in _LABELS if name in conditions), labels)
        output = module(x.to(dtype), t, class_labels=labels, return_dict=False, **options)[0].float()
        return functional.pixel_shuffle(output, r) if r > 1 else output

    return network


def x2_upscaler(module: Any, sigma_of: Callable[[Tensor], Tensor], *, dtype: torch.dtype) -> Network:
    """Stable Diffusion's x2 latent upscaler, a UNet2DConditionModel of k-diffusion's blocks, as a velocity.

    It is trained under the preconditioning of Karras et al. 2022 (arXiv:2206.00364, table 1, with sigma_data 1): the
    clean sample is x / (sigma^2 + 1) + sigma F / sqrt(sigma^2 + 1), so that -F is v (Salimans and Ho 2022). sigma_of:
    timestep -> sigma; the network is told its logarithm. conditions: `tokens`, `pooled` [n, width], and
    `low_resolution`, latents of x_t's size. The last of its output's channels, a variance, has no use.
    """

    def network(x: Tensor, t: Tensor, conditions: Conditions) -> Tensor:
        pooled = conditions["pooled"]
        known = (module.config.time_cond_proj_dim - pooled.shape[1]) // 2
        # How noisy the low latents are, as cosines and sines: not at all.
        level = torch.cat([pooled.new_ones(len(x), known), pooled.new_zeros(len(x), known)], dim=1)
        output: Tensor = module(
            torch.cat([x, conditions["low_resolution"]], dim=1).to(dtype),
            sigma_of(t).log() * 0.25,
            encoder_hidden_states=conditions["tokens"],
            timestep_cond=torch.cat([level, pooled], dim=1),
            return_dict=False,
        )[0]
        return -output[:, : x.shape[1]].float()

    return network


def prior(module: Any, *, dtype: torch.dtype) -> Network:
    """A diffusers PriorTransformer: the noised embedding x_t [n, d] to the clean one (Ramesh et al. 2022, section 2.2).

    conditions: `tokens` [n, length, width] of CLIP's text tower with `mask` bool [n, length] where it has one, and
    `pooled` [n, d], the text's point in CLIP's space.
    """

    def network(x: Tensor, t: Tensor, conditions: Conditions) -> Tensor:
        output: Tensor = module(
            x.to(dtype),
            timestep=t,
            proj_embedding=conditions["pooled"],
            encoder_hidden_states=conditions["tokens"],
            attention_mask=conditions.get("mask"),
            return_dict=False,
        )[0]
        return output.float()

    return network


def unclip_decoder(module: Any, projection: Mapping[str, Tensor], *, dtype: torch.dtype) -> Network:
    """Karlo's decoder: the image embedding joins the timestep, and stands as tokens before the text's.

    projection: the weights that bring CLIP's vectors there (Ramesh et al. 2022, arXiv:2204.06125, section 2.1).
    conditions: `image_embedding` [n, d], `pooled` [n, d], `tokens` [n, length, width], `mask` bool [n, length].
    """
    weights = {name: tensor.to(module.device, dtype) for name, tensor in projection.items()}
    remembered: list[Any] = [None, None]

    def network(x: Tensor, t: Tensor, conditions: Conditions) -> Tensor:
        if remembered[0] is not conditions:  # the conditions are the same at every step
            remembered[:] = [conditions, unclip.project(weights, conditions)]
        tokens, labels, mask = remembered[1]
        output: Tensor = module(
            x.to(dtype), t, encoder_hidden_states=tokens, class_labels=labels, attention_mask=mask, return_dict=False
        )[0]
        return output.float()

    return network


def last_by(first: Network, last: Network, final: float) -> Network:
    """One network for all steps but the one at timestep `final`, which another makes: Karlo's super resolution."""

    def network(x: Tensor, t: Tensor, conditions: Conditions) -> Tensor:
        return (last if float(t) == final else first)(x, t, conditions)

    return network


def sd3(module: Any, *, dtype: torch.dtype) -> Network:
    """A diffusers SD3Transformer2DModel: latents and text in one transformer (Esser et al. 2024, section 4).

    conditions: `tokens` [n, length, width] and `pooled` [n, d].
    """

    def network(x: Tensor, t: Tensor, conditions: Conditions) -> Tensor:
        output: Tensor = module(
            hidden_states=x.to(dtype),
            timestep=t.expand(len(x)),
            encoder_hidden_states=conditions["tokens"],
            pooled_projections=conditions["pooled"],
            return_dict=False,
        )[0]
        return output.float()

    return network


def flux(module: Any, *, dtype: torch.dtype) -> Network:
    """A diffusers FluxTransformer2DModel, which reads latents [n, c, h, w] folded two by two into a row of tokens.

    conditions: `tokens` [n, length, width], `pooled` [n, d], and `guidance` [n] for a model that was taught guidance.
    """

    def network(x: Tensor, t: Tensor, conditions: Conditions) -> Tensor:
        n, c, h, w = x.shape
        folded = x.view(n, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(n, h * w // 4, 4 * c)
        places = torch.zeros(h // 2, w // 2, 3, device=x.device)
        places[..., 1] += torch.arange(h // 2, device=x.device)[:, None]
        places[..., 2] += torch.arange(w // 2, device=x.device)[None]
        tokens = conditions["tokens"]
        output: Tensor = module(
            hidden_states=folded.to(dtype),
            timestep=t.expand(n).to(dtype) / 1000,
            guidance=conditions.get("guidance"),
            pooled_projections=conditions["pooled"],
            encoder_hidden_states=tokens,
            txt_ids=tokens.new_zeros(tokens.shape[1], 3),
            img_ids=places.reshape(-1, 3).to(dtype),
            return_dict=False,
        )[0]
        return output.float().view(n, h // 2, w // 2, c, 2, 2).permute(0, 3, 1, 4, 2, 5).reshape(n, c, h, w)

    return network


ENLARGING: Mapping[str, Mapping[str, Any]] = {
    "bilinear": {"mode": "bilinear", "align_corners": False},
    "corners": {"mode": "bilinear", "align_corners": True},
    "bicubic": {"mode": "bicubic", "align_corners": False, "antialias": True},
    "nearest": {"mode": "nearest"},
}
"""How a low-resolution condition is enlarged: GLIDE's way, DeepFloyd IF's, Karlo's and the x2 upscaler's."""


def enlarge(picture: Tensor, size: tuple[int, int], way: str = "bilinear") -> Tensor:
    """A low-resolution condition [n, c, h, w] at the network's size (height, width), by one of ENLARGING."""
    if tuple(picture.shape[-2:]) == size:
        return picture
    return functional.interpolate(picture, size=size, **ENLARGING[way])
