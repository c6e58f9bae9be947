"""CLIP's two towers: pictures and texts to vectors, one at a time, in the space that a model's facts name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graph_engine import CLIP, Context
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.finite import check_finite
from graph_nodes.tokenizing import token_ids
from graph_nodes.weights import module_of, torch_dtype

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["check_sight", "embed_nothing", "embed_pictures", "embed_prompt", "logit_scale", "space_of"]


def check_sight(clip: CLIP) -> None:
    """Raise Misfit when a CLIP cannot look at clean pictures."""
    if clip.facts.get("noised") and not clip.facts.get("sees_clean"):
        raise Misfit(
            f"{clip.model!r} reads pictures with noise on them, for core.clip_guidance; to look at finished pictures "
            "load a plain CLIP, such as 'shapes/clip'"
        )


def space_of(clip: CLIP) -> str:
    """The name of the joint space."""
    return str(_fact(clip, "embedding_space"))


def embed_pictures(context: Context, clip: CLIP, pictures: Sequence[Tensor]) -> Tensor:
    """Pictures [3, h, w], 0..1, of any sizes as vectors [n, d], float32; unit vectors where the facts say `normalized`.

    One picture at a time: the bits of an embedding depend on the batch that it is made in.
    """
    import torch

    from graph_nodes.science import clip_pictures

    size, mean, std = _fact(clip, "image_size"), *_normalisation(clip)
    module, dtype = module_of(context, clip), torch_dtype(context, clip)
    rows = []
    for index, pixels in enumerate(pictures):
        values = clip_pictures.prepare(pixels[None].float(), size, mean, std).to(context.device, dtype)
        with torch.no_grad():
            rows.append(_vector(clip, _seen(module, values)))
        context.progress(index + 1, len(pictures))
    vectors = torch.cat(rows)
    check_finite(context, clip, vectors)
    return vectors


def embed_prompt(context: Context, clip: CLIP, prompt: str) -> Tensor:
    """A text as a vector [1, d], float32; a unit vector where the facts say `normalized`."""
    import torch

    _fact(clip, "max_tokens")
    ids = token_ids(context, clip, prompt)
    _check_vocabulary(clip, int(ids["input_ids"].max()))
    mask = ids["attention_mask"].to(context.device) if clip.facts.get("attention_mask") else None
    with torch.no_grad():
        tower, told = _text_tower(context, clip), {"input_ids": ids["input_ids"].to(context.device)}
        whole = hasattr(tower, "get_text_features")
        read = tower.get_text_features if whole else tower
        features = read(**told, attention_mask=mask)
    vector = _vector(clip, features if whole else features.text_embeds)
    check_finite(context, clip, vector)
    return vector


def embed_nothing(context: Context, clip: CLIP) -> Tensor:
    """What the image tower makes of no picture at all, zeros after the normalisation: [1, d], float32."""
    import torch

    size, module = _fact(clip, "image_size"), module_of(context, clip)
    with torch.no_grad():
        zeros = torch.zeros(1, 3, size, size, device=context.device, dtype=torch_dtype(context, clip))
        vector = _vector(clip, _seen(module, zeros))
    check_finite(context, clip, vector)
    return vector


def _check_vocabulary(clip: CLIP, highest: int) -> None:
    """Raise ModelRefused for a token that a text tower with a table of known length has no row for."""
    known = clip.facts.get("vocabulary", highest + 1)
    if highest >= known:
        raise ModelRefused(
            f"the text tower of {clip.model!r} knows {known} tokens, but its vocabulary has token {highest}; wanted is "
            "the vocabulary of CLIP that it was trained with"
        )


def _seen(module: Any, values: Tensor) -> Any:
    """The image features of a whole CLIP, or of an image tower alone."""
    if hasattr(module, "get_image_features"):
        return module.get_image_features(pixel_values=values)
    return module(pixel_values=values).image_embeds


def logit_scale(context: Context, clip: CLIP) -> float:
    """What CLIP multiplies cosines by before the softmax: e to the learned temperature, or what its facts say."""
    module = module_of(context, clip)
    return float(module.logit_scale.float().exp() if hasattr(module, "logit_scale") else _fact(clip, "logit_scale"))


def _text_tower(context: Context, clip: CLIP) -> Any:
    """A CLIP of noised pictures has only an image tower of its own and shares the text tower of a whole CLIP."""
    if "text_folder" in clip.facts:
        component = clip.facts.get("text_class", "CLIPModel")
        return module_of(context, clip, folder="text_folder", component=component)
    return module_of(context, clip)


def _vector(clip: CLIP, features: Any) -> Tensor:
    from torch.nn import functional

    projected: Tensor = getattr(features, "pooler_output", features).float().cpu()
    return functional.normalize(projected, dim=-1) if clip.facts.get("normalized") else projected


def _normalisation(clip: CLIP) -> tuple[Sequence[float], Sequence[float]]:
    from graph_nodes.science import clip_pictures

    facts = clip.facts
    return facts.get("image_mean", clip_pictures.OPENAI_MEAN), facts.get("image_std", clip_pictures.OPENAI_STD)


def _fact(clip: CLIP, name: str) -> Any:
    if name not in clip.facts:
        raise ModelRefused(f"the model {clip.model!r}, part {clip.part!r}: model.json does not say its {name}")
    return clip.facts[name]
