"""What unCLIP's decoder makes of CLIP's vectors before it draws (Ramesh et al. 2022, arXiv:2204.06125, section 2.1)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, cat
from torch.nn import functional

__all__ = ["NULL_IMAGE", "project"]

NULL_IMAGE = "learned_classifier_free_guidance_embeddings"
"""The tensor that stands for no picture, as Karlo names it."""


def project(weights: Mapping[str, Tensor], conditions: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """(tokens [n, k + length, width], what is added to the timestep's embedding [n, d], mask bool [n, k + length]).

    weights: of Karlo's text_proj, by name. k, the number of tokens that the image becomes, follows from their shapes.
    """

    def linear(name: str, x: Tensor) -> Tensor:
        return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    image, text = conditions["image_embedding"], conditions["tokens"]
    added = linear("clip_image_embeddings_project_to_time_embeddings", image)
    added = added + linear("embedding_proj", conditions["pooled"])
    tokens = linear("encoder_hidden_states_proj", text)
    width = tokens.shape[-1]
    norm = "text_encoder_hidden_states_norm"
    tokens = functional.layer_norm(tokens, (width,), weights[f"{norm}.weight"], weights[f"{norm}.bias"])
    extra = linear("clip_extra_context_tokens_proj", image)
    k = extra.shape[-1] // width
    extra = extra.reshape(len(image), -1, k).permute(0, 2, 1)
    mask = functional.pad(conditions["mask"], (k, 0), value=True)
    return cat([extra, tokens], dim=1), added, mask
