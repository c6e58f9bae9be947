"""A checkpoint in one file, in the layout of its first publisher: which family it is of, and what of it is inside.

The file has no configs. They come from a folder beside it, `NAME.configs` in the layout of diffusers, or from those of
the published models, which the project ships. Which of these, the tensors tell; where they cannot, as with Stable
Diffusion 2, which was published for noise and for velocities, `NAME.configs` may be a file with one word, the name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graph_nodes.checkpoints import glide_clip
from graph_nodes.checkpoints.families import FORMAT, family_of
from graph_nodes.checkpoints.file_weights import DENOISER, is_openai
from graph_nodes.checkpoints.glide_clip_names import check_towers
from graph_nodes.checkpoints.headers import Header, read_header
from graph_nodes.checkpoints.layout import read_layout
from graph_nodes.checkpoints.openai_names import check_complete
from graph_nodes.checkpoints.recognition import recognise
from graph_nodes.checkpoints.weight_files import PICKLES
from graph_nodes.errors import ModelRefused

__all__ = ["CONFIGS_SUFFIX", "SUFFIX", "configs_of", "describe_file", "files_of", "tensors_of"]

SUFFIX = ".safetensors"
CONFIGS_SUFFIX = ".configs"
CONFIGS = Path(__file__).parent / "configs"
_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "unet": (
        *(DENOISER, "input_blocks.", "middle_block.", "output_blocks.", "time_embed.", "out.", "label_emb."),
        *("conv_in.", "conv_norm_out.", "conv_out.", "down_blocks.", "mid_block.", "up_blocks."),
        *("time_embedding.", "add_embedding."),
    ),
    "classifier": ("input_blocks.", "middle_block.", "time_embed.", "out."),
    "transformer": (
        *(DENOISER, "joint_blocks.", "double_blocks.", "single_blocks.", "final_layer.", "pos_embed"),
        *("x_embedder.", "context_embedder.", "t_embedder.", "y_embedder."),
        *("img_in.", "txt_in.", "time_in.", "vector_in.", "guidance_in."),
    ),
    "vae": ("first_stage_model.", "vae.", "encoder.", "decoder.", "quant_conv.", "post_quant_conv."),
    "text_encoder": (
        *("cond_stage_model.", "conditioner.embedders.0.transformer.", "text_encoders.clip_l."),
        *("conditioner.embedders.0.model.", "transformer.resblocks.", "transformer_proj.", "final_ln."),
        *("token_embedding.", "positional_embedding", "padding_embedding"),
    ),
    "text_encoder_2": ("conditioner.embedders.1.", "conditioner.embedders.0.model.", "text_encoders.clip_g."),
    glide_clip.SUBFOLDER: ("blocks.",),
}
"""Component -> how its tensors begin in the published files."""
_T5 = ("text_encoders.t5xxl.",)
"""The same of T5, whichever tower it is."""
_SUFFIXES = ("", "_2", "_3")


def files_of(path: Path) -> tuple[Path, ...]:
    """The files that hold what a file is named for: itself alone, or both towers of GLIDE's noised CLIP, of which
    either names the whole; raises ModelRefused for one without the other, and for what is no safetensors."""
    _check_suffix(path)
    return glide_clip.towers_of(path, read_header(path)) or (path,)


def _check_suffix(path: Path) -> None:
    if path.suffix in PICKLES:
        raise ModelRefused(
            f"{path.name} is a pickle, which can run code when it is loaded, so it is not read; convert it once with: "
            "graph-engine convert-model --allow-pickle"
        )
    if path.suffix != SUFFIX:
        raise ModelRefused(f"{path.name} is no model; wanted is a folder or a file that ends with {SUFFIX}")


def describe_file(name: str, files: Sequence[Path]) -> tuple[dict[str, Any], Path]:
    """(what a model.json would say of files_of, the folder of the first one's configs); no weights are read."""
    path = files[0]
    header = read_header(path)
    configs = configs_of(path, header)
    layout = read_layout(name, configs)
    family = family_of(layout)
    inside = {part: found for part, facts in family.parts(layout).items() if (found := _inside(header, facts))}
    if not inside:
        raise ModelRefused(f"{path.name} holds none of the parts of {family.title}")
    if is_openai(header.tensors):
        check_complete(path, header, configs)
    if len(files) > 1:
        check_towers(files, configs)
    title = f"{family.title} in {'one file' if len(files) == 1 else 'two files'}"
    return {"format": FORMAT, "family": family.name, "title": title, "parts": inside}, configs


def configs_of(path: Path, header: Header) -> Path:
    """Where the configs of a file are: beside it, or those of the published model that its tensors tell."""
    beside = path.with_suffix(CONFIGS_SUFFIX)
    if beside.is_file():
        return CONFIGS / _named(beside)
    return beside if beside.is_dir() else CONFIGS / recognise(path, header)


def tensors_of(header: Header, facts: Mapping[str, Any]) -> Header:
    """The part of a file's header that one part of the model is."""
    prefixes = tuple(prefix for suffix in _SUFFIXES for prefix in _beginnings(facts, suffix))
    inside = {name: tensor for name, tensor in header.tensors.items() if name.startswith(prefixes)}
    return Header(inside, {}, sum(tensor.bytes for tensor in inside.values()))


def _beginnings(facts: Mapping[str, Any], suffix: str) -> tuple[str, ...]:
    """How the tensors of one tower of a part begin; empty for a tower that it has not."""
    if str(facts.get(f"class{suffix}")).startswith("T5"):
        return _T5
    return _PREFIXES.get(str(facts.get(f"folder{suffix}")), ())


def _inside(header: Header, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a part that a file holds, empty for one that it does not. Stable Diffusion 3 was published with
    its two CLIPs and without T5 too, and does without."""
    found = {
        suffix: any(name.startswith(_beginnings(facts, suffix)) for name in header.tensors)
        for suffix in _SUFFIXES
        if f"folder{suffix}" in facts
    }
    if all(found.values()):
        return dict(facts)
    if facts.get("recipe") == "sd3" and found[""] and found["_2"]:
        return {key: value for key, value in facts.items() if key not in ("class_3", "folder_3", "tokenizer_3")}
    return {}


def _named(note: Path) -> str:
    with open(note, "rb") as file:
        name = file.read(256).decode("utf-8", "replace").strip()
    known = sorted(folder.name for folder in CONFIGS.iterdir() if folder.is_dir())
    if name not in known:
        raise ModelRefused(f"{note.name} names {name!r}; wanted is one of {', '.join(known)}, or a folder of configs")
    return name
