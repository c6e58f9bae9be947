"""Each system as one function from prompts to pictures, made of the nodes that its saved workflow is made of.

Picture k has the noise of seed + k. All give pictures [n, 3, size, size] in 0..1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from graph_nodes.autoencoding import decode
from graph_nodes.binding import class_label, image_condition, low_resolution
from graph_nodes.diffusion import denoise
from graph_nodes.guidance import classifier_free_guidance, dynamic_thresholding
from graph_nodes.priors import decode_embedding
from graph_nodes.tokens import decode_tokens, generate_tokens
from torch import Tensor

from graph_engine import Guidance, ImageEmbedding, Latents

from .bench import SEED, Bench, chunks

Draw = Callable[[Bench, Sequence[str]], Tensor]
"""(bench, prompts) -> pictures [n, 3, h, w]."""


def cfg(scale: float) -> Guidance:
    """Classifier-free guidance."""
    return classifier_free_guidance(scale)


def base(
    bench: Bench,
    prompts: Sequence[str],
    guidance: Guidance | Callable[[Sequence[str]], Guidance] | None = None,
    *,
    model: str = "glide",
    steps: int = 20,
    seed: int = SEED,
    **options: Any,
) -> Latents:
    """Samples of a text-conditional denoiser; a guidance that depends on the prompts is made for each batch of them."""
    denoiser, encoder = bench.part(model, "denoiser"), bench.part(model, "text_encoder")
    made = []
    for part in chunks(len(prompts)):
        text = bench.text(encoder, prompts[part])
        steered = guidance(prompts[part]) if callable(guidance) else guidance
        made.append(denoise(bench.context, denoiser, text, steered, steps=steps, seed=seed + part.start, **options))
    return Latents(torch.cat([latents.samples for latents in made]), made[0].space)


def upsampled(bench: Bench, prompts: Sequence[str], small: Latents, model: str, part: str, level: int = 0) -> Latents:
    """The next size of a cascade; `part` is upsampler or second_upsampler."""
    upsampler = bench.part(model, part)
    made = []
    for some in chunks(len(prompts)):
        bound = low_resolution(upsampler, Latents(small.samples[some], small.space), level)
        told = "text" in upsampler.facts["conditions"]
        text = bench.text(bench.part(model, "text_encoder"), prompts[some]) if told else None
        made.append(denoise(bench.context, bound, text, steps=10, seed=SEED + some.start).samples)
    return Latents(torch.cat(made), "pixel")


def pixels(bench: Bench, latents: Latents) -> Tensor:
    """Pixel latents as pictures."""
    return decode(bench.context, latents).pixels


def glide(bench: Bench, prompts: Sequence[str], scale: float = 3.0) -> Tensor:
    """GLIDE at 64 x 64."""
    return pixels(bench, upsampled(bench, prompts, base(bench, prompts, cfg(scale)), "glide", "upsampler"))


def imagen(bench: Bench, prompts: Sequence[str], scale: float = 5.0) -> Tensor:
    """Imagen's cascade as far as 64 x 64."""
    guidance = dynamic_thresholding(cfg(scale))
    small = base(bench, prompts, guidance, model="imagen")
    return pixels(bench, upsampled(bench, prompts, small, "imagen", "upsampler", 100))


def prior_embedding(bench: Bench, prompts: Sequence[str], scale: float = 2.0) -> ImageEmbedding:
    """Image embeddings of captions by the diffusion prior."""
    return decode_embedding(
        bench.context, bench.part("prior", "denoiser"), base(bench, prompts, cfg(scale), model="prior")
    )


def ar_embedding(bench: Bench, prompts: Sequence[str], scale: float = 2.0) -> ImageEmbedding:
    """Image embeddings of captions by the autoregressive prior."""
    model = bench.part("ar-prior", "token_model")
    made = []
    for part in chunks(len(prompts)):
        text = bench.text(bench.part("ar-prior", "text_encoder"), prompts[part])
        tokens = generate_tokens(bench.context, model, text, scale=scale, seed=SEED + part.start)
        made.append(decode_embedding(bench.context, model, tokens).vectors)
    return ImageEmbedding(torch.cat(made), model.facts["embedding_space"])


def decoded(bench: Bench, captions: Sequence[str], embedding: ImageEmbedding, scale: float = 3.0) -> Tensor:
    """unCLIP's decoder at 32 x 32, on captions (which may be empty) and embeddings."""
    decoder, encoder = bench.part("unclip", "denoiser"), bench.part("unclip", "text_encoder")
    made = []
    for part in chunks(len(captions)):
        bound = image_condition(decoder, ImageEmbedding(embedding.vectors[part], embedding.space))
        text = bench.text(encoder, captions[part])
        made.append(denoise(bench.context, bound, text, cfg(scale), steps=20, seed=SEED + part.start).samples)
    return pixels(bench, Latents(torch.cat(made), "pixel"))


def unclip(bench: Bench, prompts: Sequence[str]) -> Tensor:
    """DALL-E 2 as far as 64 x 64."""
    small = decoded(bench, prompts, prior_embedding(bench, prompts))
    return pixels(bench, upsampled(bench, prompts, Latents(small * 2 - 1, "pixel"), "unclip", "upsampler"))


def latent(bench: Bench, prompts: Sequence[str], scale: float = 4.0) -> Tensor:
    """Latent diffusion, 64 x 64."""
    samples = base(bench, prompts, cfg(scale), model="latent", steps=25)
    return decode(bench.context, samples, bench.part("latent", "vae")).pixels


def token_pictures(bench: Bench, prompts: Sequence[str], model: str, seed: int = SEED, **options: Any) -> Tensor:
    """Pictures of 32 x 32 by a transformer that writes image tokens."""
    writer, tokenizer = bench.part(model, "token_model"), bench.part(model, "image_tokenizer")
    made = []
    for part in chunks(len(prompts)):
        text = bench.text(bench.part(model, "text_encoder"), prompts[part])
        tokens = generate_tokens(bench.context, writer, text, seed=seed + part.start, **options)
        made.append(decode_tokens(bench.context, tokenizer, tokens).pixels)
    return torch.cat(made)


def dalle(bench: Bench, prompts: Sequence[str], candidates: int = 8) -> Tensor:
    """DALL-E, the best of 8 candidates by CLIP, 32 x 32."""
    drawn = dalle_candidates(bench, prompts, candidates)
    return best_by_clip(bench, prompts, drawn)


def dalle_candidates(bench: Bench, prompts: Sequence[str], candidates: int) -> Tensor:
    """[n, candidates, 3, 32, 32] for n prompts."""
    rounds = [
        token_pictures(bench, prompts, "dalle", SEED + 10_000 * k, scale=2.0, top_p=0.95) for k in range(candidates)
    ]
    return torch.stack(rounds, dim=1)


def best_by_clip(bench: Bench, prompts: Sequence[str], candidates: Tensor) -> Tensor:
    """The candidate that CLIP likes most, [n, 3, h, w] out of [n, k, 3, h, w]."""
    told = bench.text_embedding(prompts).vectors
    seen = bench.embedding(candidates.flatten(0, 1)).vectors.view(*candidates.shape[:2], -1)
    best = torch.einsum("nkd,nd->nk", seen, told).argmax(dim=1)
    return candidates[torch.arange(len(candidates)), best]


def parti(bench: Bench, prompts: Sequence[str]) -> Tensor:
    """Parti with its super-resolution stage, 64 x 64."""
    small = token_pictures(bench, prompts, "parti", scale=2.0, temperature=0.9, top_p=0.95)
    return pixels(bench, upsampled(bench, prompts, Latents(small * 2 - 1, "pixel"), "glide", "upsampler"))


def adm(bench: Bench, labels: Sequence[str], guidance: Callable[[str], Guidance | None], **options: Any) -> Tensor:
    """Class-conditional pictures, 32 x 32, each class in a run of its own."""
    made = []
    for label in dict.fromkeys(labels):
        places = [k for k, other in enumerate(labels) if other == label]
        bound = class_label(bench.part("adm", "denoiser"), label)
        drawn = denoise(
            bench.context, bound, None, guidance(label), count=len(places), seed=SEED + places[0], **options
        )
        made.append((places, drawn.samples))
    samples = torch.empty(len(labels), 3, 32, 32)
    for places, drawn in made:
        samples[places] = drawn
    return pixels(bench, Latents(samples, "pixel"))


SYSTEMS: dict[str, tuple[Draw, tuple[str, ...]]] = {
    "GLIDE": (glide, ("glide",)),
    "DALL-E 2": (unclip, ("prior", "unclip")),
    "Imagen": (imagen, ("imagen",)),
    "Latent diffusion": (latent, ("latent",)),
    "DALL-E": (dalle, ("dalle", "clip")),
    "Parti": (parti, ("parti", "glide")),
}
"""Name -> how it draws, and the models that it needs."""
