"""The files of Stable Diffusion 3 and Flux, at full published size on the meta device: known, and wholly mapped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from graph_nodes.checkpoints import flux_names
from graph_nodes.checkpoints.headers import Header, TensorInfo
from graph_nodes.checkpoints.single_file import CONFIGS, configs_of

Shapes = Iterator[tuple[str, tuple[int, ...]]]


def _layer(name: str, *shape: int) -> Shapes:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def flux(*, taught: bool, width: int = 3072, head: int = 128) -> Shapes:
    """flux1-dev.safetensors and flux1-schnell.safetensors, from the constructors of black-forest-labs/flux."""
    yield from _layer("img_in", width, 64)
    yield from _layer("txt_in", width, 4096)
    for name, given in (("time_in", 256), ("vector_in", 768), *((("guidance_in", 256),) if taught else ())):
        yield from _layer(f"{name}.in_layer", width, given)
        yield from _layer(f"{name}.out_layer", width, width)
    for block in range(19):
        for stream in ("img", "txt"):
            place = f"double_blocks.{block}.{stream}"
            yield from _layer(f"{place}_mod.lin", 6 * width, width)
            yield from _layer(f"{place}_attn.qkv", 3 * width, width)
            yield from _layer(f"{place}_attn.proj", width, width)
            yield f"{place}_attn.norm.query_norm.scale", (head,)
            yield f"{place}_attn.norm.key_norm.scale", (head,)
            yield from _layer(f"{place}_mlp.0", 4 * width, width)
            yield from _layer(f"{place}_mlp.2", width, 4 * width)
    for block in range(38):
        place = f"single_blocks.{block}"
        yield from _layer(f"{place}.linear1", 7 * width, width)
        yield from _layer(f"{place}.linear2", width, 5 * width)
        yield from _layer(f"{place}.modulation.lin", 3 * width, width)
        yield f"{place}.norm.query_norm.scale", (head,)
        yield f"{place}.norm.key_norm.scale", (head,)
    yield from _layer("final_layer.linear", 64, width)
    yield from _layer("final_layer.adaLN_modulation.1", 2 * width, width)


def sd3(width: int = 1536, depth: int = 24, side: int = 192, dual: int = 0, norm: int = 0) -> Shapes:
    """sd3_medium.safetensors and those of 3.5, the transformer alone, from the constructors of Stability-AI/sd3.5.

    dual: in how many layers the picture has a second attention; norm: the width of the norms on queries and keys."""
    prefix = "model.diffusion_model."
    yield f"{prefix}pos_embed", (1, side * side, width)
    yield from _layer(f"{prefix}x_embedder.proj", width, 16, 2, 2)
    yield from _layer(f"{prefix}context_embedder", width, 4096)
    for name, given in (("t_embedder", 256), ("y_embedder", 2048)):
        yield from _layer(f"{prefix}{name}.mlp.0", width, given)
        yield from _layer(f"{prefix}{name}.mlp.2", width, width)
    for block in range(depth):
        for stream in ("x_block", "context_block"):
            place, last = f"{prefix}joint_blocks.{block}.{stream}", stream == "context_block" and block == depth - 1
            two = stream == "x_block" and block < dual
            yield from _layer(f"{place}.attn.qkv", 3 * width, width)
            yield from _layer(f"{place}.adaLN_modulation.1", (2 if last else 9 if two else 6) * width, width)
            for name in (("attn", "attn2") if two else ("attn",)) if norm else ():
                yield f"{place}.{name}.ln_q.weight", (norm,)
                yield f"{place}.{name}.ln_k.weight", (norm,)
            if two:
                yield from _layer(f"{place}.attn2.qkv", 3 * width, width)
                yield from _layer(f"{place}.attn2.proj", width, width)
            if not last:
                yield from _layer(f"{place}.attn.proj", width, width)
                yield from _layer(f"{place}.mlp.fc1", 4 * width, width)
                yield from _layer(f"{place}.mlp.fc2", width, 4 * width)
    yield from _layer(f"{prefix}final_layer.linear", 64, width)
    yield from _layer(f"{prefix}final_layer.adaLN_modulation.1", 2 * width, width)


FILES: dict[str, Callable[[], Shapes]] = {
    "flux-dev": lambda: flux(taught=True),
    "flux-schnell": lambda: flux(taught=False),
    "sd3-medium": sd3,
    "sd35-medium": lambda: sd3(side=384, dual=13, norm=64),
    "sd35-large": lambda: sd3(2432, 38, norm=64),
}


@pytest.mark.parametrize("name", FILES)
def test_every_tensor_of_the_published_file_finds_its_place_in_the_shipped_config(name: str) -> None:
    import diffusers
    from diffusers.loaders import single_file_utils

    shapes = dict(FILES[name]())
    header = Header({key: TensorInfo("BF16", shape) for key, shape in shapes.items()}, {}, 0)
    assert configs_of(Path("x.safetensors"), header) == CONFIGS / name
    config = json.loads((CONFIGS / name / "transformer" / "config.json").read_text())
    with torch.device("meta"):
        file = {key: torch.empty(shape) for key, shape in shapes.items()}
        module = getattr(diffusers, config["_class_name"]).from_config(config)
    own = flux_names.convert(file) if name.startswith("flux") else None
    kind = "flux" if name.startswith("flux") else "sd3"
    convert = getattr(single_file_utils, f"convert_{kind}_transformer_checkpoint_to_diffusers")
    made = {key: tuple(tensor.shape) for key, tensor in convert(file).items()}
    assert made == {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
    assert own is None or {key: tuple(tensor.shape) for key, tensor in own.items()} == made
    assert file == {}, "tensors that no place was found for"


def test_the_projects_map_of_flux_is_that_of_diffusers_number_by_number() -> None:
    """At the published height, the only one that diffusers' map knows, and a column wide."""
    from diffusers.loaders import single_file_utils

    first = {key: shape for key, shape in flux(taught=True) if "_blocks." not in key or "_blocks.0." in key}
    made = torch.Generator().manual_seed(0)
    file = {key: torch.rand(shape[0], *(1 for _ in shape[1:]), generator=made) for key, shape in first.items()}
    own = flux_names.convert(file)
    wanted = single_file_utils.convert_flux_transformer_checkpoint_to_diffusers(file)
    assert own.keys() == wanted.keys()
    assert all(torch.equal(own[key], wanted[key]) for key in wanted)
