"""core.encode and core.decode against diffusers' autoencoder called by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from graph_nodes.autoencoding import decode, encode
from graph_nodes.errors import Misfit
from graph_nodes.models import load_model

from graph_engine import VAE, Context, Folders, Image, Latents

CONFIGS: dict[str, dict[str, Any]] = {
    "stable diffusion": {"scaling_factor": 0.18215},
    "with a shift": {"scaling_factor": 0.36, "shift_factor": 0.11},
    "by channel": {"scaling_factor": 0.5, "latents_mean": [0.1, -0.2, 0.3, 0.0], "latents_std": [1.0, 2.0, 0.5, 1.5]},
}


@pytest.fixture(params=CONFIGS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A tiny autoencoder with random weights, for each way to scale latents."""
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    net = AutoencoderKL(**blocks, block_out_channels=(8, 8), norm_num_groups=4, **CONFIGS[request.param])
    net.save_pretrained(tmp_path / "vae")
    facts = {"kind": "VAE", "class": "AutoencoderKL", "folder": "vae", "space": "tiny-vae", "channels": 4, "factor": 2}
    (tmp_path / "model.json").write_text(json.dumps({"format": 1, "parts": {"vae": facts}}))
    return tmp_path


@pytest.fixture
def context(folder: Path) -> Context:
    return Context(folders=Folders(models={"tiny/vae": folder}))


@pytest.fixture
def vae(context: Context) -> VAE:
    found = load_model(context, "tiny/vae").vae
    assert found is not None
    return found


def _by_hand(folder: Path) -> tuple[Any, Any, Any, float]:
    """(the autoencoder, mean, std, scaling factor) as the pipelines of SD, SD3 and SDXL use them."""
    from diffusers import AutoencoderKL

    net = AutoencoderKL.from_pretrained(folder / "vae").eval()
    mean: Any = net.config.shift_factor or 0.0
    std: Any = 1.0
    if net.config.latents_mean:
        mean = torch.tensor(net.config.latents_mean).view(1, 4, 1, 1)
        std = torch.tensor(net.config.latents_std).view(1, 4, 1, 1)
    return net, mean, std, net.config.scaling_factor


def test_decoding_is_that_of_the_pipelines(context: Context, vae: VAE, folder: Path) -> None:
    net, mean, std, scale = _by_hand(folder)
    samples = torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(1))
    ours = decode(context, Latents(samples, "tiny-vae"), vae).pixels
    with torch.no_grad():
        theirs = torch.cat([net.decode(row[None] * std / scale + mean).sample for row in samples])
    assert torch.equal(ours, (theirs / 2 + 0.5).clamp(0, 1))


@pytest.mark.parametrize("sample", [False, True])
def test_encoding_is_that_of_the_pipelines(context: Context, vae: VAE, folder: Path, sample: bool) -> None:
    net, mean, std, scale = _by_hand(folder)
    pictures = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    ours = encode(context, Image(pictures), vae, sample=sample, seed=6)
    theirs = []
    with torch.no_grad():
        for k, picture in enumerate(pictures):
            posterior = net.encode(picture[None] * 2 - 1).latent_dist
            drawn = posterior.sample(torch.Generator().manual_seed(6 + k)) if sample else posterior.mode()
            theirs.append((drawn - mean) * scale / std)
    assert torch.equal(ours.samples, torch.cat(theirs))
    assert ours.space == "tiny-vae"


def test_a_picture_does_not_depend_on_its_batch(context: Context, vae: VAE) -> None:
    pictures = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    latents = encode(context, Image(pictures), vae)
    alone = encode(context, Image(pictures[1:2]), vae)
    assert torch.equal(latents.samples[1:2], alone.samples)
    assert torch.equal(decode(context, latents, vae).pixels[1:2], decode(context, alone, vae).pixels)


def test_pixel_space_needs_no_autoencoder(context: Context) -> None:
    pictures = Image(torch.rand(1, 3, 4, 4))
    torch.testing.assert_close(decode(context, encode(context, pictures)).pixels, pictures.pixels)
    assert float(decode(context, Latents(torch.full((1, 3, 2, 2), 3.0), "pixel")).pixels.max()) == 1.0


def test_what_does_not_fit_is_named(context: Context, vae: VAE) -> None:
    latents = Latents(torch.zeros(1, 4, 4, 4), "other")
    with pytest.raises(Misfit, match="'other' need their autoencoder at the input 'vae'"):
        decode(context, latents)
    with pytest.raises(Misfit, match="'tiny/vae' decodes the space 'tiny-vae', found 'other'"):
        decode(context, latents, vae)
    with pytest.raises(Misfit, match="wants sides that 2 divides, found 8 x 7"):
        encode(context, Image(torch.zeros(1, 3, 7, 8)), vae)
