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
from graph_nodes.checkpoints.file_weights import OPENAI
from graph_nodes.checkpoints.glide_clip_names import check_towers
from graph_nodes.checkpoints.headers import Header, read_header
from graph_nodes.checkpoints.layout import read_layout
from graph_nodes.checkpoints.openai import GLIDE
from graph_nodes.checkpoints.openai_names import check_complete, find_published
from graph_nodes.checkpoints.weight_files import PICKLES
from graph_nodes.errors import ModelRefused

__all__ = ["CONFIGS_SUFFIX", "SUFFIX", "configs_of", "describe_file", "files_of", "tensors_of"]

SUFFIX = ".safetensors"
CONFIGS_SUFFIX = ".configs"
CONFIGS = Path(__file__).parent / "configs"
_UNET = "model.diffusion_model."
_INPUT = f"{_UNET}input_blocks.0.0.weight"
_CROSS = f"{_UNET}input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight"
_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "unet": (_UNET, "input_blocks.", "middle_block.", "output_blocks.", "time_embed.", "out.", "label_emb."),
    "classifier": ("input_blocks.", "middle_block.", "time_embed.", "out."),
    "transformer": ("model.diffusion_model.", "joint_blocks.", "double_blocks."),
    "vae": ("first_stage_model.", "vae.", "encoder.conv_in."),
    "text_encoder": (
        *("cond_stage_model.", "conditioner.embedders.0.transformer.", "text_encoders.clip_l."),
        *("conditioner.embedders.0.model.", "transformer.resblocks.", "transformer_proj.", "final_ln."),
        *("token_embedding.", "positional_embedding", "padding_embedding"),
    ),
    "text_encoder_2": ("conditioner.embedders.1.", "conditioner.embedders.0.model.", "text_encoders.clip_g."),
    "text_encoder_3": ("text_encoders.t5xxl.",),
    glide_clip.SUBFOLDER: ("blocks.",),
}
"""Component -> how its tensors begin in the published files."""


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
    inside = {part: facts for part, facts in family.parts(layout).items() if _is_inside(header, facts)}
    if not inside:
        raise ModelRefused(f"{path.name} holds none of the parts of {family.title}")
    if OPENAI in header.tensors:
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
    return beside if beside.is_dir() else CONFIGS / _published(path, header)


def tensors_of(header: Header, facts: Mapping[str, Any]) -> Header:
    """The part of a file's header that one part of the model is."""
    folders = [str(facts[key]) for key in ("folder", "folder_2", "folder_3") if key in facts]
    prefixes = tuple(prefix for folder in folders for prefix in _PREFIXES.get(folder, ()))
    inside = {name: tensor for name, tensor in header.tensors.items() if name.startswith(prefixes)}
    return Header(inside, {}, sum(tensor.bytes for tensor in inside.values()))


def _is_inside(header: Header, facts: Mapping[str, Any]) -> bool:
    """Whether the file has the tensors of every tower of a part."""
    folders = [str(facts[key]) for key in ("folder", "folder_2", "folder_3") if key in facts]
    return all(any(name.startswith(_PREFIXES.get(folder, ())) for name in header.tensors) for folder in folders)


def _named(note: Path) -> str:
    with open(note, "rb") as file:
        name = file.read(256).decode("utf-8", "replace").strip()
    known = sorted(folder.name for folder in CONFIGS.iterdir() if folder.is_dir())
    if name not in known:
        raise ModelRefused(f"{note.name} names {name!r}; wanted is one of {', '.join(known)}, or a folder of configs")
    return name


def _published(path: Path, header: Header) -> str:
    tensors = header.tensors
    if any(name.endswith("double_blocks.0.img_attn.norm.key_norm.scale") for name in tensors):
        return "flux-dev" if any("guidance_in.in_layer" in name for name in tensors) else "flux-schnell"
    if any("joint_blocks.0.context_block.adaLN_modulation.1" in name for name in tensors):
        return "sd3-medium"
    if any(name.startswith("conditioner.embedders.1.") for name in tensors):
        return "sdxl"
    if any(name.startswith("conditioner.embedders.0.model.") for name in tensors):
        return "sdxl-refiner"
    if _CROSS in tensors and _INPUT in tensors:
        width, channels = tensors[_CROSS].shape[-1], tensors[_INPUT].shape[1]
        known = {(768, 4): "sd15", (768, 9): "sd15-inpaint", (1024, 4): "sd21"}
        if (width, channels) in known:
            return known[width, channels]
    if "encoder.conv_in.weight" in tensors or "first_stage_model.encoder.conv_in.weight" in tensors:
        latents = next((t.shape[1] for name, t in tensors.items() if name.endswith("decoder.conv_in.weight")), 4)
        return "sd15" if latents == 4 else "flux-dev"
    if glide_clip.MARKS["image"] in tensors:
        return "glide-clip"
    if OPENAI in tensors and "padding_embedding" in tensors:
        shape = tensors[OPENAI].shape
        fitting = [name for name, unet in GLIDE.items() if (unet.width, unet.in_channels) == shape[:2]]
        if fitting:
            return fitting[0]
    elif OPENAI in tensors:
        found = find_published(tensors)
        if found:
            return found
    first = ", ".join(list(tensors)[:3])
    raise ModelRefused(
        f"{path.name} is in no layout that is known here: Stable Diffusion 1, 2, XL and 3, Flux, "
        "guided-diffusion or GLIDE as published. "
        f"Its tensors begin with {first or 'nothing'}. Configs in {path.stem}.configs beside it would tell what it is"
    )
