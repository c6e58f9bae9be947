"""The built-in pack `core`: text-to-image as nodes."""

from __future__ import annotations

from typing import Any

from graph_engine import Command, ModelReader, hookimpl
from graph_engine import kinds as built_in_kinds
from graph_engine.kinds import kind_of
from graph_nodes import (
    autoencoding,
    binding,
    clip,
    diffusion,
    embeddings,
    folders,
    guidance,
    image_io,
    image_ops,
    judging,
    lists,
    loops,
    masks,
    models,
    priors,
    starts,
    text,
    text_files,
    tokens,
    values,
)
from graph_nodes.checkpoints import commands, hub, inspecting

__all__ = ["register_commands", "register_kinds", "register_model_readers", "register_nodes"]


@hookimpl
def register_nodes() -> list[Any]:
    """Every node of the pack, by module."""
    return [
        models.load_model,
        text.encode_text,
        text.batch_text,
        guidance.no_guidance,
        guidance.classifier_free_guidance,
        guidance.adaptive_projected_guidance,
        guidance.zero_star_guidance,
        guidance.tangential_guidance,
        guidance.dynamic_thresholding,
        guidance.static_thresholding,
        guidance.classifier_guidance,
        guidance.clip_guidance,
        diffusion.denoise,
        diffusion.invert,
        starts.image_to_image,
        starts.repaint,
        starts.from_noise,
        starts.hand_over,
        starts.start_from_image,
        binding.low_resolution,
        binding.class_label,
        binding.image_condition,
        binding.inpaint_condition,
        binding.picture_size,
        binding.size_condition,
        binding.guidance_embedding,
        autoencoding.decode,
        autoencoding.encode,
        tokens.encode_tokens,
        tokens.decode_tokens,
        tokens.generate_tokens,
        priors.decode_embedding,
        clip.encode_image,
        clip.embed_text,
        clip.embed_nothing,
        clip.clip_score,
        clip.clip_classify,
        clip.rerank,
        clip.clip_search,
        embeddings.interpolate_embeddings,
        embeddings.text_difference,
        embeddings.apply_text_difference,
        embeddings.batch_embeddings,
        embeddings.unbatch_embeddings,
        embeddings.embedding_similarity,
        judging.image_features,
        judging.frechet_distance,
        judging.precision_recall,
        judging.statistics,
        judging.compare_pairs,
        image_io.load_image,
        folders.load_images,
        image_io.save_image,
        image_io.preview,
        image_ops.plain_image,
        image_ops.resize,
        image_ops.crop,
        image_ops.blur,
        image_ops.levels,
        image_ops.batch,
        image_ops.unbatch,
        image_ops.grid,
        masks.mask_rectangle,
        masks.mask_polygon,
        masks.load_mask,
        masks.mask_from_color,
        masks.grow_mask,
        masks.feather_mask,
        masks.invert_mask,
        masks.combine_masks,
        masks.mask_to_image,
        masks.mask_overlay,
        masks.paste,
        text_files.save_text,
        values.text,
        values.number,
        values.integer,
        values.boolean,
        values.seed,
        values.join_text,
        values.format_text,
        values.switch,
        lists.list_of,
        lists.join_lists,
        lists.pick,
        lists.count,
        lists.integer_range,
        lists.number_range,
        lists.cross,
        loops.repeat,
    ]


@hookimpl
def register_kinds() -> list[type]:
    """The kinds that the engine itself defines."""
    return [item for item in (getattr(built_in_kinds, name) for name in built_in_kinds.__all__) if kind_of(item)]


@hookimpl
def register_model_readers() -> list[ModelReader]:
    """The project's own layout and those of published models."""
    return [ModelReader(inspecting.find, inspecting.describe, hub.snapshots, hub.locate)]


@hookimpl
def register_commands() -> list[Command]:
    """`graph-engine make-tiny FAMILY DIR`, `fetch-model` and `convert-model`."""
    return list(commands.COMMANDS)
