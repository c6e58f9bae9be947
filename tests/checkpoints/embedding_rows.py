"""Karlo's unCLIP and Kandinsky 2.2: priors, decoders, super resolution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from graph_nodes.autoencoding import decode
from graph_nodes.binding import image_condition, inpaint_condition, low_resolution, picture_size
from graph_nodes.clip import embed_nothing, encode_image
from graph_nodes.diffusion import denoise
from graph_nodes.embeddings import unbatch_embeddings
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.priors import decode_embedding
from graph_nodes.science import clip_pictures
from graph_nodes.starts import start_from_image
from graph_nodes.text import batch_text, encode_text

from graph_engine import ImageEmbedding

from .bench import PARITY, PROMPT, Bench, Pair, Row, generators, right_half

__all__: list[str] = []


def component(kind: str, family: str, name: str, bench: Bench) -> Any:
    """One component of a tiny model, by its own class: the two pipelines of unCLIP cannot be opened as a whole."""
    import diffusers
    import transformers

    library = diffusers if hasattr(diffusers, kind) else transformers
    return getattr(library, kind).from_pretrained(bench.path(family) / name)


def karlo_pipeline(bench: Bench, family: str) -> Any:
    """UnCLIPPipeline, or the one for variations, put together by hand; it begins each stage with the seeds anew."""
    from diffusers.pipelines.deprecated import unclip
    from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel

    parts = {
        "decoder": component("UNet2DConditionModel", family, "decoder", bench),
        "text_encoder": component("CLIPTextModelWithProjection", family, "text_encoder", bench),
        "tokenizer": component("CLIPTokenizer", family, "tokenizer", bench),
        "text_proj": UnCLIPTextProjModel.from_pretrained(bench.path(family) / "text_proj"),
        "super_res_first": component("UNet2DModel", family, "super_res_first", bench),
        "super_res_last": component("UNet2DModel", family, "super_res_last", bench),
        "decoder_scheduler": component("UnCLIPScheduler", family, "decoder_scheduler", bench),
        "super_res_scheduler": component("UnCLIPScheduler", family, "super_res_scheduler", bench),
    }
    if family == "karlo":
        parts |= {
            "prior": component("PriorTransformer", family, "prior", bench),
            "prior_scheduler": component("UnCLIPScheduler", family, "prior_scheduler", bench),
        }
        pipeline = unclip.UnCLIPPipeline(**parts)
    else:
        encoder = component("CLIPVisionModelWithProjection", family, "image_encoder", bench)
        pipeline = unclip.UnCLIPImageVariationPipeline(**parts, image_encoder=encoder, feature_extractor=None)
    pipeline.set_progress_bar_config(disable=True)
    prepare = pipeline.prepare_latents

    def anew(*arguments: Any) -> torch.Tensor:
        for k, generator in enumerate(arguments[3]):
            generator.manual_seed(k)
        return prepare(*arguments)

    pipeline.prepare_latents = anew
    return pipeline


def stages_of(pipeline: Any, run: Callable[[], Any]) -> dict[str, torch.Tensor]:
    """What comes out of each stage of a pipeline, seen at the steps of its schedulers."""
    seen: dict[str, torch.Tensor] = {}
    for name in ("prior", "decoder", "super_res"):
        scheduler = getattr(pipeline, f"{name}_scheduler", None)
        if scheduler is None:
            continue
        step = scheduler.step

        def watched(*arguments: Any, _step: Any = step, _name: str = name, **options: Any) -> Any:
            made = _step(*arguments, **options)
            seen[_name] = made.prev_sample
            return made

        scheduler.step = watched
    with torch.no_grad():
        run()
    return seen


def drawn(bench: Bench, model: Any, text: Any, embedding: ImageEmbedding, steps: int = 5) -> dict[str, torch.Tensor]:
    """The graph behind an embedding: decoder, then super resolution."""
    decoder = image_condition(model.denoiser, embedding)
    base = denoise(bench.context, decoder, text, classifier_free_guidance(8.0), None, steps, "published", count=2)
    large = denoise(bench.context, low_resolution(model.upsampler, base), None, None, None, 4, "published")
    return {"decoder": base.samples, "super_res": large.samples}


def unclip(bench: Bench) -> Mapping[str, Pair]:
    pipeline, model = karlo_pipeline(bench, "karlo"), bench.model("karlo")
    steps = {"prior_num_inference_steps": 5, "decoder_num_inference_steps": 5, "super_res_num_inference_steps": 4}
    scales = {"prior_guidance_scale": 4.0, "decoder_guidance_scale": 8.0}
    seen = stages_of(
        pipeline,
        lambda: pipeline(PROMPT, num_images_per_prompt=2, generator=generators(2), output_type="pt", **steps, **scales),
    )
    text = encode_text(bench.context, model.text_encoder, PROMPT)
    points = denoise(bench.context, model.prior, text, classifier_free_guidance(4.0), None, 5, "published", count=2)
    made = drawn(bench, model, text, decode_embedding(bench.context, model.prior, points))
    return {"prior": (points.samples, seen["prior"]), **{name: (made[name], seen[name]) for name in made}}


def variation(bench: Bench) -> Mapping[str, Pair]:
    pipeline, model = karlo_pipeline(bench, "karlo-variations"), bench.model("karlo-variations")
    shown = clip_pictures.prepare(bench.cat.pixels, 32, clip_pictures.OPENAI_MEAN, clip_pictures.OPENAI_STD)
    steps = {"decoder_num_inference_steps": 5, "super_res_num_inference_steps": 4}
    seen = stages_of(
        pipeline, lambda: pipeline(shown, num_images_per_prompt=2, generator=generators(2), output_type="pt", **steps)
    )
    with torch.no_grad():
        wanted = pipeline.image_encoder(shown).image_embeds
    embedding = encode_image(bench.context, model.clip, bench.cat)
    made = drawn(bench, model, encode_text(bench.context, model.text_encoder, ""), embedding)
    return {"embedding": (embedding.vectors, wanted), **{name: (made[name], seen[name]) for name in made}}


def kandinsky_prior(negative: str) -> Row:
    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline = bench.pipeline("KandinskyV22PriorPipeline", "kandinsky-prior", image_processor=None)
        model = bench.model("kandinsky-prior")
        wanted = pipeline(
            PROMPT,
            negative_prompt=negative or None,
            num_inference_steps=5,
            guidance_scale=4.0,
            generator=generators(2 if negative else 1),
        )
        prompts = [PROMPT, negative] if negative else [PROMPT]
        text = batch_text([encode_text(bench.context, model.text_encoder, each, negative) for each in prompts])
        guide = classifier_free_guidance(4.0)
        points = denoise(bench.context, model.prior, text, guide, None, 5, "published", count=len(prompts))
        embeddings = unbatch_embeddings(decode_embedding(bench.context, model.prior, points))
        away = embeddings[1] if negative else embed_nothing(bench.context, model.clip)
        return {
            "embedding": (embeddings[0].vectors, wanted.image_embeds),
            "negative": (away.vectors, wanted.negative_image_embeds),
        }

    if not negative:
        return Row("Kandinsky 2.2 prior, no negative prompt", stages)
    reason = "the pipeline encodes both prompts in one batch, the nodes one by one"
    return Row("Kandinsky 2.2 prior, negative prompt", stages, 1e-5, reason)


def kandinsky(scheduler: str) -> Row:
    def stages(bench: Bench) -> Mapping[str, Pair]:
        from graph_nodes.science.schedules import make_scheduler

        pipeline, model = bench.pipeline("KandinskyV22Pipeline", "kandinsky"), bench.model("kandinsky")
        if scheduler != "published":
            known = {key: value for key, value in pipeline.scheduler.config.items() if key != "variance_type"}
            pipeline.scheduler = make_scheduler(scheduler, known, 5)
        positive, negative = (torch.randn(1, 32, generator=each) for each in generators(2, 9))
        options = {"height": 128, "width": 64, "num_inference_steps": 5, "guidance_scale": 4.0}
        told = {"image_embeds": positive, "negative_image_embeds": negative}
        wanted = pipeline(
            **told, **options, num_images_per_prompt=2, generator=generators(2), output_type="latent"
        ).images
        image = pipeline(**told, **options, generator=generators(1), output_type="pt").images * 0.5 + 0.5
        space = model.denoiser.facts["embedding_space"]
        denoiser = picture_size(model.denoiser, 64, 128)
        denoiser = image_condition(denoiser, ImageEmbedding(positive, space), ImageEmbedding(negative, space))
        guide = classifier_free_guidance(4.0)
        both = denoise(bench.context, denoiser, None, guide, None, 5, scheduler, count=2)
        made = denoise(bench.context, denoiser, None, guide, None, 5, scheduler)
        return {
            "latents": (both.samples, wanted),
            "picture": (decode(bench.context, made, model.vae).pixels, image.clamp(0, 1)),
        }

    return Row(f"Kandinsky 2.2 decoder, {scheduler} scheduler", stages)


def kandinsky_image(bench: Bench) -> Mapping[str, Pair]:
    pipeline, model = bench.pipeline("KandinskyV22Img2ImgPipeline", "kandinsky"), bench.model("kandinsky")
    positive, negative = (torch.randn(1, 32, generator=each) for each in generators(2, 9))
    wanted = pipeline(
        image_embeds=positive,
        negative_image_embeds=negative,
        image=bench.cat.pixels * 2 - 1,
        strength=0.6,
        height=64,
        width=64,
        num_inference_steps=5,
        guidance_scale=4.0,
        generator=generators(1),
        output_type="latent",
    ).images
    space = model.denoiser.facts["embedding_space"]
    denoiser = image_condition(model.denoiser, ImageEmbedding(positive, space), ImageEmbedding(negative, space))
    start = start_from_image(bench.context, bench.cat, model.vae, strength=0.6)
    made = denoise(bench.context, denoiser, None, classifier_free_guidance(4.0), start, 5, "published")
    return {"latents": (made.samples, wanted)}


def kandinsky_inpaint(bench: Bench) -> Mapping[str, Pair]:
    pipeline = bench.pipeline("KandinskyV22InpaintPipeline", "kandinsky-inpaint")
    model, mask = bench.model("kandinsky-inpaint"), right_half(64, 64)
    positive, negative = (torch.randn(1, 32, generator=each) for each in generators(2, 9))
    wanted = pipeline(
        image_embeds=positive,
        negative_image_embeds=negative,
        image=bench.cat.pixels * 2 - 1,
        mask_image=mask.values,
        height=64,
        width=64,
        num_inference_steps=5,
        guidance_scale=4.0,
        generator=generators(1),
        output_type="latent",
    ).images
    space = model.denoiser.facts["embedding_space"]
    denoiser = image_condition(model.denoiser, ImageEmbedding(positive, space), ImageEmbedding(negative, space))
    denoiser = inpaint_condition(denoiser, bench.cat, mask, model.vae)
    start = start_from_image(bench.context, bench.cat, model.vae, mask, 1.0)
    made = denoise(bench.context, denoiser, None, classifier_free_guidance(4.0), start, 5, "published")
    return {"latents": (made.samples, wanted)}


PARITY += [
    Row("Karlo unCLIP, text to image", unclip),
    Row("Karlo unCLIP, image variation", variation),
    kandinsky_prior(""),
    kandinsky_prior("ugly"),
    kandinsky("published"),
    kandinsky("ddim"),
    Row("Kandinsky 2.2 img2img, strength 0.6", kandinsky_image),
    Row("Kandinsky 2.2 inpaint", kandinsky_inpaint),
]
