"""Recipe `latent`: text-conditional diffusion in the latent space of `vae` (Rombach et al. 2022, arXiv:2112.10752).

The U-Net is the GLIDE base's with other ends: its trunk already reads the text and knows layout, and the 16x16 latents
lie where the base's folded pixels lie. Latents are encoded once into a pool; their captions are phrased anew each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm
from transformers import CLIPTextModelWithProjection

from graph_engine_shapes import alignment, captions, checkpoint, diffusion, networks, sampling, tokenizer
from graph_engine_shapes.alignment import Row
from graph_engine_shapes.derived import copy_matching
from graph_engine_shapes.drawing import render
from graph_engine_shapes.generation import told
from graph_engine_shapes.picture_task import CAPTION_DROPPED, BaseTask, load_text
from graph_engine_shapes.scenes import Scenes, random_scenes

POOL = 32_000
POOL_SEED = 77


def load_vae(folder: Path) -> AutoencoderKL:
    """The averaged autoencoder of the training `vae`, its scaling factor measured: 1 / the latents' deviation."""
    weights, _ = checkpoint.averaged(folder)
    model = networks.vae()
    model.load_state_dict(weights)
    model.eval().requires_grad_(False)
    scenes = random_scenes(256, torch.Generator().manual_seed(POOL_SEED), two=0.7)
    model.register_to_config(scaling_factor=round(1 / float(_encode(model, scenes).std()), 4))
    return model


@torch.no_grad()
def _encode(vae: AutoencoderKL, scenes: Scenes) -> Tensor:
    """Unscaled latents (B, 4, 16, 16)."""
    pictures = (render(scenes, networks.UPSAMPLED_SIZE) * 2 - 1).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        mode: Tensor = vae.encode(pictures).latent_dist.mode()
    return mode.float()


def pool(vae: AutoencoderKL, folder: Path, size: int = POOL) -> tuple[Scenes, Tensor]:
    """`size` scenes and their scaled latents; the latents are kept in the folder of the autoencoder's training."""
    scenes = random_scenes(size, torch.Generator().manual_seed(POOL_SEED + 1), two=0.65)
    path = folder / f"latents-{size}.safetensors"
    if not path.exists():
        parts = torch.arange(size).split(500)
        encoded = [_encode(vae, scenes.take(part)).half() for part in tqdm(parts, desc="encoding pictures")]
        save_file({"latents": torch.cat(encoded).contiguous()}, path)
    return scenes, load_file(path)["latents"].float() * vae.config.scaling_factor


@torch.no_grad()
def begin_as_base(net: UNet2DConditionModel, base: dict[str, Tensor], latents: Tensor, pictures: Tensor) -> None:
    """Copy the base's trunk, and put linear maps between latents and folded pixels before and behind it.

    latents (B, 4, 16, 16) of pictures (B, 12, 16, 16), folded. The maps are fitted by least squares.
    """
    copy_matching(net, {name: weight for name, weight in base.items() if not name.startswith(("conv_in", "conv_out"))})
    z, x = (tensor.permute(0, 2, 3, 1).flatten(0, 2) for tensor in (latents, pictures))
    z, x = z - z.mean(0), x - x.mean(0)
    to_pixels, to_latents = torch.linalg.lstsq(z, x).solution, torch.linalg.lstsq(x, z).solution
    net.conv_in.weight.copy_(torch.einsum("ocij,kc->okij", base["conv_in.weight"], to_pixels))
    net.conv_in.bias.copy_(base["conv_in.bias"])
    net.conv_out.weight.copy_(torch.einsum("cdij,ck->kdij", base["conv_out.weight"], to_latents))
    net.conv_out.bias.copy_(base["conv_out.bias"] @ to_latents)


@dataclass
class LatentTask(BaseTask):
    """Text to 16x16x4 latents."""

    base_folder: Path = Path()
    vae_folder: Path = Path()
    matrix_rate: float = 3e-3
    rest_rate: float = 1.5e-3

    @cached_property
    def pool(self) -> tuple[Scenes, Tensor]:
        """Scenes and their scaled latents."""
        return pool(load_vae(self.vae_folder), self.vae_folder)

    def build(self) -> UNet2DConditionModel:
        """The U-Net, begun as the base."""
        net = networks.latent_unet()
        scenes, latents = self.pool
        some = scenes.take(torch.arange(500))
        pictures = functional.pixel_unshuffle(render(some, networks.BASE_SIZE) * 2 - 1, networks.BASE_UNSHUFFLE)
        begin_as_base(net, checkpoint.averaged(self.base_folder)[0], latents[:500], pictures)
        return net

    def loss(self, model: UNet2DConditionModel, step: int, generator: torch.Generator) -> Tensor:
        """Weighted v-prediction error of one batch."""
        scenes, latents = self.pool
        chosen = torch.randint(len(latents), (self.batch,), generator=generator)
        rng = captions.seeded(int(torch.randint(2**31, (), generator=generator)))
        texts = captions.random_captions(scenes.take(chosen), rng)
        texts = ["" if rng.random() < CAPTION_DROPPED else text for text in texts]
        with torch.no_grad():
            read = self.text(input_ids=tokenizer.encode(texts))
        x0 = latents[chosen]
        t = diffusion.timesteps(len(x0), generator)
        x, v = diffusion.noisy(x0, torch.randn(x0.shape, generator=generator), self.alpha_bars[t])
        predicted = self.predict(model, x, t, read.last_hidden_state, read.text_embeds)
        return diffusion.v_loss(predicted, v, self.alpha_bars[t])


def latent_task(text: Path, base: Path, vae: Path) -> LatentTask:
    """The recipe, from the folders of the trainings that it builds on."""
    return LatentTask(text, base_folder=base, vae_folder=vae)


@torch.no_grad()
def draw(
    unet: UNet2DConditionModel,
    vae: AutoencoderKL,
    text: CLIPTextModelWithProjection,
    prompts: list[str],
    seeds: list[int],
    steps: int,
    scale: float,
) -> Tensor:
    """(B, 3, 64, 64) pictures in [0, 1] of prompts."""
    x = sampling.noise(seeds, networks.LATENT_CHANNELS, 16, 16)
    out = text(input_ids=tokenizer.encode([""] * len(prompts) + prompts))
    predict = told(unet, encoder_hidden_states=out.last_hidden_state, class_labels=out.text_embeds)
    alpha_bars = networks.scheduler().alphas_cumprod
    steered = diffusion.clean(diffusion.guided(predict, scale), alpha_bars)
    latents = diffusion.ddim(steered, x, alpha_bars, steps, clip=False)
    pictures: Tensor = vae.decode(latents / vae.config.scaling_factor).sample
    return pictures / 2 + 0.5


def look_latent(folder: Path, n: int, steps: int = 12, scale: float = 4.0) -> Row:
    """What the averaged weights draw by now for fresh prompts, decoded to 64x64."""
    weights, counters = checkpoint.averaged(folder)
    unet = networks.latent_unet()
    unet.load_state_dict(weights)
    unet.eval().to(memory_format=torch.channels_last)
    text, vae = load_text(folder.parent / "glide-text"), load_vae(folder.parent / "vae")
    seen = {}
    for two in (False, True):
        seed = 1000 * counters.step + two
        prompts = alignment.fresh_prompts(n, two, seed)
        made = draw(unet, vae, text, prompts, list(range(seed, seed + n)), steps, scale)
        seen[two] = alignment.verdicts(made, prompts)
    return alignment.picture_row(counters, seen[False], seen[True])
