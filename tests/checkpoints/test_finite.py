"""Weights that are no numbers, and numbers too large for their format, are told by the part and not drawn in black."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from graph_nodes.autoencoding import decode, encode
from graph_nodes.clip import embed_nothing, embed_text, encode_image
from graph_nodes.diffusion import denoise, invert
from graph_nodes.errors import NotFinite
from graph_nodes.models import Model, load_model
from graph_nodes.priors import decode_embedding
from graph_nodes.text import encode_text
from graph_nodes.tokens import decode_tokens, encode_tokens, generate_tokens
from safetensors.torch import load_file, save_file

from graph_engine import Context, Folders, Latents, Tokens

from .bench import Bench, picture

Broken = Callable[[str, str, Callable[[torch.Tensor], torch.Tensor]], Context]


@pytest.fixture
def broken(bench: Bench, tmp_path: Path) -> Broken:
    """A context with a copy of a tiny model as `odd`, every tensor of one of its components changed."""

    def edit(family: str, component: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Context:
        shutil.copytree(bench.path(family), tmp_path / "odd")
        (path,) = (tmp_path / "odd" / component).glob("*.safetensors")
        tensors = {name: change(value).contiguous() for name, value in load_file(path).items()}
        save_file(tensors, path, {"format": "pt"})
        return Context(folders=Folders(model_roots=(tmp_path,)))

    return edit


def _first(number: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """One number of each tensor."""

    def change(tensor: torch.Tensor) -> torch.Tensor:
        if not tensor.is_floating_point():
            return tensor
        changed = tensor.clone()
        changed.view(-1)[0] = number
        return changed

    return change


def _latents(model: Model) -> Latents:
    assert model.denoiser is not None
    facts = model.denoiser.facts
    return Latents(torch.zeros(1, facts["channels"], facts["size"], facts["size"]), facts["space"])


Run = Callable[[Bench, Context, Model], Any]


def _denoised(bench: Bench, context: Context, model: Model) -> Any:
    return denoise(context, model.denoiser, encode_text(context, model.text_encoder, "a red cat"), steps=2)


def _inverted(bench: Bench, context: Context, model: Model) -> Any:
    text = encode_text(context, model.text_encoder, "a red cat")
    return invert(context, model.denoiser, _latents(model), text, steps=2)


def _embedded(bench: Bench, context: Context, model: Model) -> Any:
    drawn = Latents(torch.zeros(1, *model.prior.facts["shape"]), model.prior.facts["space"])
    return decode_embedding(context, model.prior, drawn)


def _written(bench: Bench, context: Context, model: Model) -> Any:
    text = encode_text(context, model.text_encoder, "a red cat")
    return generate_tokens(context, model.token_model, text)


def _drawn(bench: Bench, context: Context, model: Model) -> Any:
    facts = model.image_tokenizer.facts
    ids = torch.zeros(1, facts["grid"][0] * facts["grid"][1], dtype=torch.long)
    return decode_tokens(context, model.image_tokenizer, Tokens(ids, facts["codebook"]))


def _tokenized(bench: Bench, context: Context, model: Model) -> Any:
    size = model.image_tokenizer.facts["image_size"]
    return encode_tokens(context, model.image_tokenizer, picture(size, size))


CASES: dict[str, tuple[str, str, str, Run]] = {
    "core.denoise": ("sd15", "unet", "denoiser", _denoised),
    "core.invert": ("sd15", "unet", "denoiser", _inverted),
    "core.decode": ("sd15", "vae", "vae", lambda _, c, m: decode(c, _latents(m), m.vae)),
    "core.encode": ("sd15", "vae", "vae", lambda b, c, m: encode(c, b.cat, m.vae)),
    "core.encode_text": ("sd15", "text_encoder", "text_encoder", _denoised),
    "the second tower": ("sdxl", "text_encoder_2", "text_encoder", _denoised),
    "core.encode_image": ("clip", ".", "clip", lambda b, c, m: encode_image(c, m.clip, b.cat)),
    "core.embed_text": ("clip", ".", "clip", lambda _, c, m: embed_text(c, m.clip, "a cat")),
    "core.embed_nothing": ("clip", ".", "clip", lambda _, c, m: embed_nothing(c, m.clip)),
    "core.decode_embedding": ("kandinsky-prior", "prior", "prior", _embedded),
    "core.generate_tokens": ("dalle", "transformer", "token_model", _written),
    "core.decode_tokens": ("dalle", "vqvae", "image_tokenizer", _drawn),
    "core.encode_tokens": ("dalle", "vqvae", "image_tokenizer", _tokenized),
}


@pytest.mark.parametrize("number", [float("nan"), float("inf")], ids=["nan", "inf"])
@pytest.mark.parametrize("case", CASES)
def test_weights_that_are_no_numbers_are_told_by_the_part_and_the_tensor(
    bench: Bench, broken: Broken, case: str, number: float
) -> None:
    family, component, part, run = CASES[case]
    context = broken(family, component, _first(number))
    model = load_model(context, "odd")
    told = rf"the {part} of 'odd' made numbers that are not finite .*: its weights are broken \(.* in \S+\); fetch or"
    with pytest.raises(NotFinite, match=told):
        run(bench, context, model)


def test_what_overflows_in_half_precision_is_told_with_the_dtype_that_mends_it(bench: Bench, broken: Broken) -> None:
    def first_layer(tensor: torch.Tensor) -> torch.Tensor:
        return tensor * (6e4 / tensor.abs().max()) if tensor.shape[1:] == (4, 3, 3) else tensor

    context = broken("sd15", "unet", first_layer)
    half = replace(context, dtype="float16")
    told = (
        "the denoiser of 'odd' made .*: it computes in float16, which overflows; choose float32 or bfloat16 as dtype at"
    )
    with pytest.raises(NotFinite, match=told):
        _denoised(bench, half, load_model(half, "odd"))
    assert _denoised(bench, half, load_model(half, "odd", dtype="float32")).samples.isfinite().all()


def test_weights_too_large_for_half_precision_are_told_so(bench: Bench, broken: Broken) -> None:
    context = replace(broken("sd15", "unet", _first(1e5)), dtype="float16")
    with pytest.raises(NotFinite, match=r"are broken, or too large for float16 \(.* or choose float32 or bfloat16"):
        _denoised(bench, context, load_model(context, "odd"))
