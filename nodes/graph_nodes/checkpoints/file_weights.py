"""The weights of one component out of a file that holds several, by diffusers' own maps of the published names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph_nodes.checkpoints import flux_names, glide, glide_clip, openai
from graph_nodes.checkpoints.blame import blaming
from graph_nodes.checkpoints.weight_files import check_weights
from graph_nodes.errors import ModelRefused

if TYPE_CHECKING:
    import torch

__all__ = ["DENOISER", "OPENAI", "is_openai", "load_component"]

DENOISER = flux_names.PREFIX
"""How the names of the denoiser begin in files that hold other parts too."""
OPENAI = "input_blocks.0.0.weight"
"""A tensor of guided-diffusion's files, which begin with no prefix."""


def is_openai(names: Iterable[str]) -> bool:
    """Whether a file is one of guided-diffusion or GLIDE. Stable Diffusion's U-Net, which has the same blocks, is found
    alone and without a prefix too: its transformers tell it."""
    found = set(names)
    return OPENAI in found and not any(".transformer_blocks." in name for name in found)


def load_component(component: Any, file: Path, configs: Path, subfolder: str, dtype: torch.dtype) -> Any:
    """A module of the class `component` with its weights from `file`; raises ModelRefused when some are missing.

    Nothing is fetched: the configs are those of the folder `configs`.
    """
    names = check_weights(file).tensors
    if is_openai(names):
        return _from_openai(component, file, configs / subfolder, dtype)
    if glide_clip.MARKS["image"] in names:
        return _from_towers(component, file, configs / subfolder, dtype)
    if subfolder == "transformer" and any(name.removeprefix(flux_names.PREFIX) == flux_names.MARK for name in names):
        return _from_flux(component, file, configs / subfolder, dtype)
    with blaming(file, component):
        module = _by_diffusers(component, file, configs, subfolder, dtype)
    missing = [name for name, tensor in module.named_parameters() if tensor.is_meta]
    if missing:
        raise ModelRefused(
            f"{file.name} has no weights for {len(missing)} tensors of its {subfolder}, such as {missing[0]}"
        )
    return module


def _by_diffusers(component: Any, file: Path, configs: Path, subfolder: str, dtype: torch.dtype) -> Any:
    from diffusers.loaders import single_file_utils

    read: Any = single_file_utils.load_single_file_checkpoint
    checkpoint = read(str(file), local_files_only=True)
    if OPENAI in checkpoint:  # a U-Net alone, whose names the map of diffusers knows with their prefix only
        checkpoint = {f"{DENOISER}{name}": tensor for name, tensor in checkpoint.items()}
    if hasattr(component, "from_single_file"):
        return component.from_single_file(
            checkpoint, config=str(configs), subfolder=subfolder, dtype=dtype, local_files_only=True
        )
    is_t5 = component.__name__.startswith("T5")
    make: Any = single_file_utils.create_diffusers_clip_model_from_ldm
    if is_t5:
        make = single_file_utils.create_diffusers_t5_model_from_checkpoint
    module = make(
        component,
        checkpoint=checkpoint,
        config=str(configs),
        subfolder=subfolder,
        torch_dtype=dtype,
        local_files_only=True,
    )
    if is_t5:  # one table, which the file has under one name and the class under two
        module.set_input_embeddings(module.shared)
    return module


def _from_openai(component: Any, file: Path, folder: Path, dtype: torch.dtype) -> Any:
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_bytes())

    def read() -> dict[str, torch.Tensor]:
        tensors = load_file(file)
        if component.__name__ == glide.CLASS:
            return glide.convert_text(int(config["heads"]), tensors)
        return openai.convert(openai.OpenAIUNet.of(config), tensors)

    return _filled(component, config, file, dtype, read)


def _from_towers(component: Any, file: Path, folder: Path, dtype: torch.dtype) -> Any:
    """Both towers of GLIDE's noised CLIP, each from its file."""
    from safetensors.torch import load_file

    def read() -> dict[str, torch.Tensor]:
        image, text = glide_clip.towers_of(file, check_weights(file)) or (file, file)
        return glide_clip.convert("image", load_file(image)) | glide_clip.convert("text", load_file(text))

    return _filled(component, json.loads((folder / "config.json").read_bytes()), file, dtype, read)


def _from_flux(component: Any, file: Path, folder: Path, dtype: torch.dtype) -> Any:
    from safetensors import safe_open

    def read() -> dict[str, torch.Tensor]:
        with safe_open(file, "pt") as opened:
            names = list(opened.keys())
            prefix = flux_names.PREFIX if f"{flux_names.PREFIX}{flux_names.MARK}" in names else ""
            others = ("vae.", "first_stage_model.", "text_encoders.")
            mine = [name for name in names if name.startswith(prefix) and not name.startswith(others)]
            return flux_names.convert({name: opened.get_tensor(name) for name in mine})

    return _filled(component, json.loads((folder / "config.json").read_bytes()), file, dtype, read)


def _filled(
    component: Any, config: Any, file: Path, dtype: torch.dtype, read: Callable[[], dict[str, torch.Tensor]]
) -> Any:
    import torch

    with torch.device("meta"):
        module = component.from_config(config)
    try:
        made = read()
        module.load_state_dict({name: tensor.to(dtype) for name, tensor in made.items()}, assign=True)
    except (KeyError, RuntimeError) as error:
        raise ModelRefused(f"{file.name} does not fit its configs: {str(error).splitlines()[0]}") from None
    return module
