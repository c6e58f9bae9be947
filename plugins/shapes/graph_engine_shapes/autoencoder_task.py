"""Recipes `vae` and `vq`: the autoencoders of latent diffusion (continuous) and of the token models (discrete)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL, VQModel
from torch import Tensor
from torch.nn import functional

from graph_engine_shapes import networks
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


@dataclass
class VqTask:
    """32x32 to a grid of codes and back: a discrete autoencoder (van den Oord et al. 2017, arXiv:1711.00937).

    For the first steps nothing is quantised; then the codebook starts from latents as they are, and codes that nobody
    uses are put where latents are.
    """

    batch: int = 96
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3
    average: float = 0.995
    continuous_steps: int = 250
    commitment: float = 0.25
    revive_every: int = 20

    def build(self) -> VQModel:
        """A fresh discrete autoencoder."""
        model = networks.vq()
        self.used = torch.ones(model.config.num_vq_embeddings)
        return model

    def loss(self, model: VQModel, step: int, generator: torch.Generator) -> Tensor:
        """Reconstruction, and the distance between latents and codes."""
        pictures = _pictures(self.batch, networks.BASE_SIZE, generator)
        latents = model.encode(pictures.contiguous(memory_format=torch.channels_last)).latents.float()
        flat = latents.permute(0, 2, 3, 1).flatten(0, 2)
        codes = model.quantize.embedding.weight
        if step < self.continuous_steps:
            spread = 1e-3 * latents.square().mean()  # keeps latents from wandering off
            return _difference(self._decode(model, latents), pictures) + spread + 0 * codes.sum()
        if step == self.continuous_steps or step % self.revive_every == 0:
            self._revive(codes, flat, generator, everything=step == self.continuous_steps)
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            ids = torch.cdist(flat, codes).argmin(dim=1)
        self.used.mul_(0.99)
        self.used[ids.unique()] = 1.0
        chosen = codes[ids]
        closeness = functional.mse_loss(chosen, flat.detach()) + self.commitment * functional.mse_loss(
            flat, chosen.detach()
        )
        quantised = (flat + (chosen - flat).detach()).view(latents.permute(0, 2, 3, 1).shape).permute(0, 3, 1, 2)
        return _difference(self._decode(model, quantised), pictures) + closeness

    @staticmethod
    def _decode(model: VQModel, latents: Tensor) -> Tensor:
        return model.decoder(model.post_quant_conv(latents.contiguous(memory_format=torch.channels_last)))

    @torch.no_grad()
    def _revive(self, codes: Tensor, latents: Tensor, generator: torch.Generator, *, everything: bool) -> None:
        dead = torch.ones_like(self.used, dtype=torch.bool) if everything else self.used < 0.3
        places = torch.randperm(len(latents), generator=generator)[: int(dead.sum())]
        codes[dead.nonzero()[: len(places), 0]] = latents[places]
        self.used[dead] = 1.0
