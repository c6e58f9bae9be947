"""GLIDE in one file: its text tower beside the original's forward pass, its pictures beside loops by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from graph_nodes.binding import inpaint_condition, low_resolution
from graph_nodes.checkpoints.openai import OpenAIUNet, convert
from graph_nodes.checkpoints.tiny.glide import TEXT
from graph_nodes.checkpoints.tiny.glide_clip import TINY_CLIP
from graph_nodes.checkpoints.tiny.text import WORDS
from graph_nodes.clip import embed_text, encode_image
from graph_nodes.diffusion import denoise
from graph_nodes.guidance import classifier_free_guidance, clip_guidance
from graph_nodes.models import Model, load_model
from graph_nodes.science import gradients
from graph_nodes.text import encode_text
from graph_nodes.weights import module_of
from safetensors.torch import load_file
from torch import Generator, Tensor
from torch.nn import functional

from graph_engine import CLIP, Image, Latents, TextEmbedding

from . import glide_clip_tower
from .bench import PARITY, PROMPT, Bench, Pair, Row, generators, picture, right_half
from .glide_loop import Loop, fast27, linear, space, squared_cosine
from .glide_tower import read_text

__all__: list[str] = []


def _open(bench: Bench, name: str) -> tuple[Model, TextEmbedding]:
    bench.path("glide")
    model = load_model(bench.context, f"glide/{name}.safetensors")
    return model, encode_text(bench.context, model.text_encoder, PROMPT)


def text_tower(bench: Bench) -> Mapping[str, Pair]:
    _, text = _open(bench, "base")
    tensors = load_file(bench.path("glide") / "base.safetensors")
    from transformers import GPT2Tokenizer

    tokenizer = GPT2Tokenizer.from_pretrained(bench.path("glide") / "base.configs" / "tokenizer")
    tokens, pooled = read_text(tensors, tokenizer(PROMPT).input_ids, TEXT.heads)
    null_tokens, null_pooled = read_text(tensors, [], TEXT.heads)
    return {
        "text": (text.tokens, tokens),
        "pooled text": (text.pooled, pooled),
        "empty text": (text.null_tokens, null_tokens),
        "empty pooled": (text.null_pooled, null_pooled),
    }


Predict = Callable[[Tensor, "int | Tensor"], Tensor]


def _predict(bench: Bench, name: str, text: TextEmbedding, scale: float, beside: Sequence[Tensor] = ()) -> Predict:
    """The class of diffusers with the file's tensors, with guidance on the mean alone. beside: what follows x."""
    from diffusers import UNet2DConditionModel

    folder = bench.path("glide")
    config = UNet2DConditionModel.load_config(folder / f"{name}.configs" / "unet")
    unet = UNet2DConditionModel.from_config(config).eval()
    unet.load_state_dict(convert(OpenAIUNet.of(unet.config), load_file(folder / f"{name}.safetensors")))
    rows = [(text.null_tokens, text.null_pooled), (text.tokens, text.pooled)] if scale else [(text.tokens, text.pooled)]

    def predict(x: Tensor, t: int | Tensor) -> Tensor:
        n = len(x)
        states, pooled = (torch.cat([row[k].repeat_interleave(n, dim=0) for row in rows]) for k in (0, 1))
        given = torch.cat([x, *beside], dim=1).repeat(len(rows), 1, 1, 1)
        output: Tensor = unet(given, t, encoder_hidden_states=states, class_labels=pooled).sample
        if not scale:
            return output
        without, told = output.chunk(2)
        mean = without[:, :3] + scale * (told[:, :3] - without[:, :3])
        return torch.cat([mean, told[:, 3:]], dim=1)

    return predict


def _noise(size: int, count: int) -> tuple[Tensor, list[Generator]]:
    draws = generators(count)
    return torch.cat([torch.randn(1, 3, size, size, generator=each) for each in draws]), draws


def base(bench: Bench) -> Mapping[str, Pair]:
    from diffusers import DDPMScheduler

    model, text = _open(bench, "base")
    guide = classifier_free_guidance(3.0)
    made = denoise(bench.context, model.denoiser, text, guide, steps=5, scheduler="published", count=2)
    scheduler = DDPMScheduler.from_pretrained(bench.path("glide") / "base.configs" / "scheduler")
    scheduler.set_timesteps(5)
    predict, (x, draws) = _predict(bench, "base", text, 3.0), _noise(16, 2)
    with torch.no_grad():
        for t in scheduler.timesteps:
            x = scheduler.step(predict(x, t), t, x, generator=draws).prev_sample
    return {"pixels": (made.samples, x)}


def original(bench: Bench) -> Mapping[str, Pair]:
    model, text = _open(bench, "base")
    guide = classifier_free_guidance(3.0)
    made = denoise(bench.context, model.denoiser, text, guide, steps=10, scheduler="published", count=2)
    loop = Loop(squared_cosine(), space([10]), _predict(bench, "base", text, 3.0))
    return {"pixels": (made.samples, loop.ancestral(*_noise(16, 2)))}


def upsampler(bench: Bench) -> Mapping[str, Pair]:
    first, first_text = _open(bench, "base")
    small = denoise(bench.context, first.denoiser, first_text, steps=2, scheduler="published", count=2)
    model, text = _open(bench, "upsample")
    told = low_resolution(model.upsampler, small)
    made = denoise(bench.context, told, text, steps=27, scheduler="published", count=2)
    loop = Loop(linear(), fast27(), _predict(bench, "upsample", text, 0.0, [_enlarged(small.samples, 32)]))
    return {"pixels": (made.samples, loop.ddim(_noise(32, 2)[0] * 0.997))}


def _enlarged(small: Tensor, size: int) -> Tensor:
    """The small picture in 8 bits, as the original gives it to the upsampler."""
    rounded = ((small + 1) * 127.5).round() / 127.5 - 1
    return functional.interpolate(rounded, size=(size, size), mode="bilinear")


def inpainting(bench: Bench) -> Mapping[str, Pair]:
    """Base and upsampler are shown [x, picture times mask, mask], and keep what they are shown."""
    small, large = picture(64, 64), picture(256, 256)
    model, text = _open(bench, "base_inpaint")
    shown = inpaint_condition(model.denoiser, small, right_half(64, 64))
    guide = classifier_free_guidance(5.0)
    made = denoise(bench.context, shown, text, guide, steps=10, scheduler="published", count=2)
    beside, pin = _shown(small, 2)
    loop = Loop(squared_cosine(), space([10]), _predict(bench, "base_inpaint", text, 5.0, beside), pin)

    second, second_text = _open(bench, "upsample_inpaint")
    first = Latents(made.samples[:1].clone(), "pixel")
    told = inpaint_condition(low_resolution(second.upsampler, first), large, right_half(64, 64))
    larger = denoise(bench.context, told, second_text, steps=3, scheduler="published")
    beside, pin = _shown(large, 1)
    beside = [*beside, _enlarged(first.samples, 256)]
    up = Loop(linear(), space([3]), _predict(bench, "upsample_inpaint", second_text, 0.0, beside), pin)
    x, draws = _noise(256, 1)
    return {
        "base": (made.samples, loop.ancestral(*_noise(64, 2))),
        "upsampler": (larger.samples, up.ancestral(x * 0.997, draws)),
    }


def _shown(image: Image, count: int) -> tuple[list[Tensor], Callable[[Tensor], Tensor]]:
    """([picture times mask, mask], denoised_fn) for the left half, which is known: the mask is 1 there."""
    x_0 = (image.pixels * 2 - 1).repeat(count, 1, 1, 1)
    keep = torch.ones_like(x_0[:, :1])
    keep[..., x_0.shape[-1] // 2 :] = 0
    return [x_0 * keep, keep], lambda estimate: estimate * (1 - keep) + x_0 * keep * keep


def _towers(bench: Bench) -> tuple[CLIP, dict[str, Tensor], dict[str, Tensor], Tensor]:
    """(the part, the image tower's tensors, the text tower's, the prompt's point by the original's forward)."""
    folder = bench.path("glide")
    clip = load_model(bench.context, "glide/clip_image_enc.safetensors").clip
    image, text = (load_file(folder / f"clip_{tower}_enc.safetensors") for tower in ("image", "text"))
    begin, end = WORDS - 2, WORDS - 1
    from transformers import CLIPTokenizer

    letters = CLIPTokenizer.from_pretrained(folder / "clip_image_enc.configs" / "tokenizer")
    tokens = letters(PROMPT, add_special_tokens=False).input_ids
    return clip, image, text, glide_clip_tower.read_text(text, [begin, *tokens, end], TINY_CLIP.text.heads)


def noised_clip(bench: Bench) -> Mapping[str, Pair]:
    clip, image, _, target = _towers(bench)
    heads, x = TINY_CLIP.image.heads, torch.randn(2, 3, 16, 16, generator=generators(1)[0]) * 1.5
    module = module_of(bench.context, clip)
    log_density = gradients.clip_log_density(module.see, target, clip.facts["logit_scale"])
    clean = picture(16, 16)
    return {
        "text": (embed_text(bench.context, clip, PROMPT).vectors, target),
        "noised picture": (module.see(x, 700.0), glide_clip_tower.see(image, x, 700, heads)),
        "clean picture": (
            encode_image(bench.context, clip, clean).vectors,
            glide_clip_tower.see(image, clean.pixels * 2 - 1, 0, heads),
        ),
        "gradient": (
            gradients.gradient(log_density, x, 700.0),
            glide_clip_tower.gradient(image, target, x, 700, heads),
        ),
    }


def clip_guided(bench: Bench) -> Mapping[str, Pair]:
    """As in OpenAI's notebook: the prompt, no classifier-free guidance, and three times CLIP's gradient on the mean."""
    clip, image, _, target = _towers(bench)
    model, text = _open(bench, "base")
    guide = clip_guidance(clip, embed_text(bench.context, clip, PROMPT), scale=3.0)
    made = denoise(bench.context, model.denoiser, text, guide, steps=10, scheduler="published", count=2)

    def push(x: Tensor, t: int) -> Tensor:
        return 3.0 * glide_clip_tower.gradient(image, target, x, t, TINY_CLIP.image.heads)

    loop = Loop(squared_cosine(), space([10]), _predict(bench, "base", text, 0.0), gradient=push)
    return {"pixels": (made.samples, loop.ancestral(*_noise(16, 2)))}


ROUNDED = "the original's coefficients are made in double precision"
TOLD = "what is known is told to the scheduler as noise, which says little of x_0 at the first step"
PARITY += [
    Row("GLIDE, its text tower beside the original's", text_tower, 2e-5, "another order of the same products"),
    Row("GLIDE base, guidance 3, beside a loop by hand", base),
    Row("GLIDE base, guidance 3, beside OpenAI's loop", original, 1e-3, ROUNDED),
    Row("GLIDE upsampler, fast27, beside OpenAI's loop", upsampler, 1e-3, ROUNDED),
    Row("GLIDE inpainting, beside OpenAI's loop", inpainting, 1e-2, TOLD),
    Row("GLIDE's noised CLIP beside the original's", noised_clip, 2e-5, "another order of the same products"),
    Row("GLIDE with CLIP guidance, beside OpenAI's loop", clip_guided, 1e-3, ROUNDED),
]
