"""Recipes `vae` and `vq`: the autoencoders of latent diffusion (continuous) and of the token models (discrete)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, VQModel
from torch import Tensor
from torch.nn import functional

from graph_engine_shapes import checkpoint, networks
from graph_engine_shapes.derived import copy_matching, zero
from graph_engine_shapes.drawing import render
from graph_engine_shapes.scenes import random_scenes

KL_WEIGHT = 1e-5
"""As in latent diffusion's KL autoencoders, per latent number: Rombach et al. 2022 (arXiv:2112.10752), appendix G."""


def _pictures(n: int, size: int, generator: torch.Generator) -> Tensor:
    """(n, 3, size, size) in [-1, 1]."""
    return render(random_scenes(n, generator, two=0.7), size) * 2 - 1


def _difference(made: Tensor, pictures: Tensor) -> Tensor:
    return functional.l1_loss(made.float(), pictures) + 2 * functional.mse_loss(made.float(), pictures)


@dataclass
class VaeTask:
    """64x64 to 16x16x4 and back; crops at first, which cost a quarter and hold as much to learn."""

    batch: int = 48
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3
    average: float = 0.995
    cropped_steps: int = 1200

    def build(self) -> AutoencoderKL:
        """A fresh autoencoder."""
        return networks.vae()

    def loss(self, model: AutoencoderKL, step: int, generator: torch.Generator) -> Tensor:
        """Reconstruction of pictures, and the latents' divergence from N(0, I)."""
        pictures = _pictures(self.batch, networks.UPSAMPLED_SIZE, generator)
        if step < self.cropped_steps:
            top, left = torch.randint(0, 9, (2,), generator=generator).tolist()
            pictures = pictures[:, :, 4 * top : 4 * top + 32, 4 * left : 4 * left + 32]
        posterior = model.encode(pictures.contiguous(memory_format=torch.channels_last)).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=generator)
        made = model.decode(posterior.mean + posterior.std * noise).sample
        return _difference(made, pictures) + KL_WEIGHT * posterior.kl().mean()


@torch.no_grad()
def begin_as_vae(model: VQModel, vae: dict[str, Tensor]) -> None:
    """Copy the weights of a continuous autoencoder; its encoder's last two layers become one that gives the mean."""
    fresh = copy_matching(model, vae)
    to_mean = vae["quant_conv.weight"][: networks.LATENT_CHANNELS, :, 0, 0]
    model.encoder.conv_out.weight.copy_(torch.einsum("zc,cdij->zdij", to_mean, vae["encoder.conv_out.weight"]))
    bias = to_mean @ vae["encoder.conv_out.bias"] + vae["quant_conv.bias"][: networks.LATENT_CHANNELS]
    model.encoder.conv_out.bias.copy_(bias)
    model.quant_conv.weight.copy_(torch.eye(networks.LATENT_CHANNELS)[:, :, None, None])
    zero(model.quant_conv.bias, *(p for name, p in model.named_parameters() if name in fresh and "to_out" in name))


@dataclass
class VqTask:
    """32x32 to a grid of codes and back: a discrete autoencoder (van den Oord et al. 2017, arXiv:1711.00937).

    It begins as the continuous one and quantises nothing for the first steps. Then the codebook starts from latents as
    they are and follows the means of the latents that choose each code (ibid., appendix A.1); codes that nobody uses
    are put where latents are.
    """

    vae_folder: Path
    batch: int = 64
    matrix_rate: float = 1.2e-3
    rest_rate: float = 6e-4
    average: float = 0.995
    continuous_steps: int = 60
    commitment: float = 0.25
    inertia: float = 30.0
    revive_every: int = 20

    def build(self) -> VQModel:
        """A discrete autoencoder, begun as the continuous one."""
        model = networks.vq()
        begin_as_vae(model, checkpoint.averaged(self.vae_folder)[0])
        self.used = torch.ones(model.config.num_vq_embeddings)
        return model

    def loss(self, model: VQModel, step: int, generator: torch.Generator) -> Tensor:
        """Reconstruction, and the distance of the latents from their codes."""
        pictures = _pictures(self.batch, networks.BASE_SIZE, generator)
        latents = model.encode(pictures.contiguous(memory_format=torch.channels_last)).latents.float()
        if step < self.continuous_steps:
            return _difference(self._decode(model, latents), pictures)
        flat = latents.permute(0, 2, 3, 1).flatten(0, 2)
        chosen = self._quantise(model.quantize.embedding.weight, flat.detach(), step, generator)
        far = functional.mse_loss(flat, chosen)
        through = (flat + (chosen - flat).detach()).view(latents.permute(0, 2, 3, 1).shape).permute(0, 3, 1, 2)
        return _difference(self._decode(model, through), pictures) + self.commitment * far

    @staticmethod
    def _decode(model: VQModel, latents: Tensor) -> Tensor:
        return model.decoder(model.post_quant_conv(latents.contiguous(memory_format=torch.channels_last)))

    @torch.no_grad()
    def _quantise(self, codes: Tensor, latents: Tensor, step: int, generator: torch.Generator) -> Tensor:
        """The nearest code of each latent (N, C), after moving the codes (K, C) in place towards their latents."""
        if step == self.continuous_steps:
            self._revive(codes, latents, generator, everything=True)
        elif step % self.revive_every == 0:
            self._revive(codes, latents, generator, everything=False)
        with torch.autocast("cpu", enabled=False):
            ids = torch.cdist(latents, codes).argmin(dim=1)
        count = torch.zeros(len(codes)).index_add_(0, ids, torch.ones(len(ids)))
        total = torch.zeros_like(codes).index_add_(0, ids, latents)
        mean = total / count.clamp(min=1)[:, None]
        codes.lerp_(mean, (count / (count + self.inertia))[:, None])
        self.used.mul_(0.98)
        self.used[ids] = 1.0
        return codes[ids]

    @torch.no_grad()
    def _revive(self, codes: Tensor, latents: Tensor, generator: torch.Generator, *, everything: bool) -> None:
        dead = torch.ones_like(self.used, dtype=torch.bool) if everything else self.used < 0.3
        places = torch.randperm(len(latents), generator=generator)[: int(dead.sum())]
        codes[dead.nonzero()[: len(places), 0]] = latents[places]
        self.used[dead] = 1.0
