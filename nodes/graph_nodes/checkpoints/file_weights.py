"""The weights of one component out of a file that holds several, by diffusers' own maps of the published names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph_nodes.checkpoints import glide, openai
from graph_nodes.checkpoints.headers import read_header
from graph_nodes.errors import ModelRefused

if TYPE_CHECKING:
    import torch

__all__ = ["load_component"]

OPENAI = "input_blocks.0.0.weight"
"""A tensor of guided-diffusion's files, which begin with no prefix."""


def load_component(component: Any, file: Path, configs: Path, subfolder: str, dtype: torch.dtype) -> Any:
    """A module of the class `component` with its weights from `file`; raises ModelRefused when some are missing.

    Nothing is fetched: the configs are those of the folder `configs`.
    """
    from diffusers.loaders import single_file_utils

    names = read_header(file).tensors
    if OPENAI in names:
        return _from_openai(component, file, configs / subfolder, dtype)
    if hasattr(component, "from_single_file"):
        module = component.from_single_file(
            str(file), config=str(configs), subfolder=subfolder, dtype=dtype, local_files_only=True
        )
    else:
        read: Any = single_file_utils.load_single_file_checkpoint
        checkpoint = read(str(file), local_files_only=True)
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
    missing = [name for name, tensor in module.named_parameters() if tensor.is_meta]
    if missing:
        raise ModelRefused(
            f"{file.name} has no weights for {len(missing)} tensors of its {subfolder}, such as {missing[0]}"
        )
    return module


def _from_openai(component: Any, file: Path, folder: Path, dtype: torch.dtype) -> Any:
    import torch
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_bytes())
    with torch.device("meta"):
        module = component.from_config(config)
    try:
        tensors = load_file(file)
        if component.__name__ == glide.CLASS:
            made = glide.convert_text(int(config["heads"]), tensors)
        else:
            made = openai.convert(openai.OpenAIUNet.of(config), tensors)
        module.load_state_dict({name: tensor.to(dtype) for name, tensor in made.items()}, assign=True)
    except (KeyError, RuntimeError) as error:
        raise ModelRefused(f"{file.name} does not fit its configs: {str(error).splitlines()[0]}") from None
    return module
