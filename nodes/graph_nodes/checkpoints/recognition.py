"""Which published model a file of one piece is: its tensors' names and shapes tell which of the shipped configs fit.

Files differ in what they hold (a whole model, a U-Net alone, an autoencoder alone) and in whether the names of the
denoiser begin with `model.diffusion_model.`, so that only tensors which every such file has are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from graph_nodes.checkpoints import glide_clip
from graph_nodes.checkpoints.file_weights import DENOISER, OPENAI
from graph_nodes.checkpoints.headers import Header
from graph_nodes.checkpoints.openai import GLIDE
from graph_nodes.checkpoints.openai_names import find_published
from graph_nodes.errors import ModelRefused

__all__ = ["recognise"]

Shapes = Mapping[str, tuple[int, ...]]

UNETS: Mapping[tuple[int, int], str] = {
    (768, 4): "sd15",
    (768, 9): "sd15-inpaint",
    (1024, 4): "sd21",
    (1024, 7): "sd-x4-upscaler",
    (1024, 9): "sd2-inpaint",
    (1280, 4): "sdxl-refiner",
    (2048, 4): "sdxl",
    (2048, 9): "sdxl-inpaint",
}
"""(width of the text, channels that it reads) of Stable Diffusion's U-Nets -> the configs."""
SD3: Mapping[tuple[int, int], str] = {
    (1536, 192**2): "sd3-medium",
    (1536, 384**2): "sd35-medium",
    (2432, 192**2): "sd35-large",
}
"""(width, places) of Stable Diffusion 3's transformers -> the configs."""
FLUX_CHANNELS = 64
PICTURE = "label_emb.0.0.weight"
"""A tensor of U-Nets that are told one vector more: sizes in XL, in others the embedding of a picture."""
OTHER_NOISE = ("v_pred", "edm_vpred.sigma_max", "edm_mean")
"""Tensors by which Stable Diffusion XL's descendants say that they were trained on another noise, or for velocities."""
COMPANIONS: Mapping[str, str] = {
    "a LoRA, a patch of another model": r"^lora_|[._]lora[._]|\.hada_w1|\.lokr_w1",
    "a ControlNet, which steers another model": r"^control_model\.|^input_hint_block\.|^controlnet_",
    "an IP-Adapter, which shows another model a picture": r"^ip_adapter\.",
    "a motion module, which makes another model draw films": r"motion_modules\.",
    "a textual inversion, a word for another model": r"^emb_params$|^clip_[lg]$|^string_to_param",
    "CLIP's text encoder alone": r"^text_model\.encoder\.layers\.0\.",
    "T5's text encoder alone": r"^encoder\.block\.0\.layer\.0\.SelfAttention\.",
}
"""What is published beside models and is none by itself -> how some of its tensors are called."""


def recognise(path: Path, header: Header) -> str:
    """The name of the shipped configs that fit a file; raises ModelRefused that says what it is, or begins with."""
    _check_whole(path, header)
    shapes = {name.removeprefix(DENOISER): tensor.shape for name, tensor in header.tensors.items()}
    found = (
        _flow(path, shapes)
        or _stable(path, shapes)
        or _without_denoiser(shapes)
        or _openai(header)
        or _autoencoder(shapes)
    )
    if found:
        return found
    first = ", ".join(list(header.tensors)[:3])
    raise ModelRefused(
        f"{path.name} is in no layout that is known here: Stable Diffusion 1, 2, XL and 3, Flux, "
        "guided-diffusion or GLIDE as published. "
        f"Its tensors begin with {first or 'nothing'}. Configs in {path.stem}.configs beside it would tell what it is"
    )


def _check_whole(path: Path, header: Header) -> None:
    """Raise ModelRefused for what is published beside models; what has a denoiser is one, whatever else is in it."""
    if any(name.startswith(DENOISER) for name in header.tensors):
        return
    names = "\n".join(header.tensors)
    for what, pattern in COMPANIONS.items():
        if re.search(pattern, names, re.MULTILINE):
            raise ModelRefused(f"{path.name} is {what}; nothing here can use it yet")


def _flow(path: Path, shapes: Shapes) -> str:
    if "double_blocks.0.img_attn.norm.key_norm.scale" in shapes:
        channels = shapes.get("img_in.weight", (0, FLUX_CHANNELS))[-1]
        if channels != FLUX_CHANNELS:
            raise _other(path, f"Flux that reads {channels} channels in place of {FLUX_CHANNELS}")
        return "flux-dev" if "guidance_in.in_layer.weight" in shapes else "flux-schnell"
    modulation = shapes.get("joint_blocks.0.context_block.adaLN_modulation.1.weight")
    if modulation is None:
        return ""
    width = modulation[-1]
    places = shapes.get("pos_embed", (1, 192**2, width))[1]
    if (width, places) not in SD3:
        raise _other(path, f"Stable Diffusion 3 of the width {width} with {places} places")
    return SD3[width, places]


def _stable(path: Path, shapes: Shapes) -> str:
    """A U-Net over latents, under the names of its first publication or under those of diffusers."""
    first = shapes.get(OPENAI) or shapes.get("conv_in.weight")
    width = next((shape[-1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight")), 0)
    if not first or not width:
        return ""
    marks = [mark for mark in OTHER_NOISE if mark in shapes]
    if marks:
        raise ModelRefused(
            f"{path.name} says by its {marks[0]} that it was not trained as the published Stable Diffusion XL was; put "
            f"configs in {path.stem}.configs beside it, with the scheduler_config.json that its publisher recommends"
        )
    if width in (768, 1024) and PICTURE in shapes:
        raise _other(path, "Stable Diffusion that reads the embedding of a picture (unCLIP)")
    if (width, first[1]) not in UNETS:
        raise _other(path, f"Stable Diffusion that reads {first[1]} channels and text of the width {width}")
    return UNETS[width, first[1]]


def _other(path: Path, what: str) -> ModelRefused:
    return ModelRefused(
        f"{path.name} is a {what}, which no node here knows how to feed; configs in {path.stem}.configs beside it "
        "would tell what it is"
    )


def _without_denoiser(shapes: Shapes) -> str:
    """Text towers with or without an autoencoder."""
    if any(name.startswith("conditioner.embedders.1.") for name in shapes):
        return "sdxl"
    return "sdxl-refiner" if any(name.startswith("conditioner.embedders.0.model.") for name in shapes) else ""


def _autoencoder(shapes: Shapes) -> str:
    """An autoencoder alone: those of Stable Diffusion 1, 2 and XL look the same, and those of 3 and of Flux."""
    latents = next((shape[1] for name, shape in shapes.items() if name.endswith("decoder.conv_in.weight")), 0)
    return {4: "sd15", 16: "flux-dev"}.get(latents, "")


def _openai(header: Header) -> str:
    tensors = header.tensors
    if glide_clip.MARKS["image"] in tensors:
        return "glide-clip"
    if OPENAI in tensors and "padding_embedding" in tensors:
        shape = tensors[OPENAI].shape
        return next((name for name, unet in GLIDE.items() if (unet.width, unet.in_channels) == shape[:2]), "")
    return find_published(tensors) if OPENAI in tensors else ""
