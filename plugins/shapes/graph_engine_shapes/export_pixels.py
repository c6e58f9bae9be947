"""The models derived from GLIDE as model folders. What they share with it, and with each other, lies there once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graph_engine_shapes import adm_task, checkpoint, imagen_task, networks, t5_text_task, upsampling_task
from graph_engine_shapes.export import card, copy_logs, denoiser, glide_parts, save_half, write_json
from graph_engine_shapes.training import folder_of

T5_SPACE = "shapes-t5"
SECOND_UPSAMPLER = "../unclip/second_upsampler"
_V, _X0 = {"scheduler": "../glide/scheduler"}, {"scheduler": "../glide/upsampler_scheduler"}


def counters_of(*names: str) -> dict[str, checkpoint.Counters]:
    """How far each training had come."""
    return {name: checkpoint.averaged(folder_of(name))[1] for name in names}


def _glide_text() -> dict[str, Any]:
    return glide_parts()["text_encoder"] | {"folder": "../glide/text_encoder", "tokenizer": "../glide/tokenizer"}


def _glide_upsampler() -> dict[str, Any]:
    return glide_parts()["upsampler"] | _X0 | {"folder": "../glide/upsampler"}


def _base(conditions: list[str]) -> dict[str, Any]:
    return denoiser("unet", networks.BASE_SIZE, networks.BASE_UNSHUFFLE, conditions, 20, 3.0) | _V


def _second_upsampler(folder: str) -> dict[str, Any]:
    size, low = networks.SECOND_SIZE, networks.UPSAMPLED_SIZE
    part = denoiser("upsampler", size, networks.SECOND_UNSHUFFLE, ["low_resolution"], 10, 1.0) | _X0
    del part["text_space"]
    more = {"class": "UNet2DModel", "folder": folder, "pooled_to_class": False}
    return part | more | {"low_resolution_size": low, "noise_augmentation": True}


def _write(target: Path, family: str, title: str, parts: dict[str, Any], trainings: list[str]) -> None:
    write_json(target / "model.json", {"format": 1, "family": family, "title": title, "parts": parts})
    write_json(target / "card.json", card(title, counters_of(*trainings)))
    copy_logs(target, trainings)


def export_inpaint(target: Path) -> None:
    """Write shapes/glide-inpaint from the training glide-inpaint."""
    target.mkdir(parents=True, exist_ok=True)
    unet = networks.inpaint_unet()
    unet.load_state_dict(checkpoint.averaged(folder_of("glide-inpaint"))[0])
    save_half(unet, target / "unet")
    parts = {
        "text_encoder": _glide_text(),
        "denoiser": _base(["text", "inpaint"]) | {"inpaint_mask": "keep"},
        "upsampler": _glide_upsampler(),
    }
    title = "GLIDE's inpainting model on the shapes world, 32x32"
    _write(target, "glide", title, parts, ["glide-inpaint"])


def export_unclip(target: Path) -> None:
    """Write shapes/unclip from the trainings unclip-decoder and second-upsampler."""
    target.mkdir(parents=True, exist_ok=True)
    unet = networks.unclip_unet()
    unet.load_state_dict(checkpoint.averaged(folder_of("unclip-decoder"))[0])
    save_half(unet, target / "unet")
    save_half(upsampling_task.load_second(folder_of("second-upsampler"))[0], target / "second_upsampler")
    embedding = {"embedding_space": "shapes-clip", "embedding_scale": networks.EMBEDDING_SCALE}
    parts = {
        "text_encoder": _glide_text(),
        "denoiser": _base(["text", "image_embedding"]) | embedding,
        "upsampler": _glide_upsampler(),
        "second_upsampler": _second_upsampler("second_upsampler"),
    }
    title = "unCLIP's decoder on the shapes world: CLIP's image embedding to 32x32, then to 64x64 and 128x128"
    _write(target, "unclip", title, parts, ["unclip-decoder", "second-upsampler"])


def export_imagen(target: Path) -> None:
    """Write shapes/imagen from the trainings imagen-text, imagen and imagen-upsampler."""
    target.mkdir(parents=True, exist_ok=True)
    save_half(t5_text_task.load_t5(folder_of("imagen-text")), target / "text_encoder")
    save_half(imagen_task.load_imagen(folder_of("imagen"))[0], target / "unet")
    save_half(upsampling_task.load_imagen_upsampler(folder_of("imagen-upsampler"))[0], target / "upsampler")
    reading = {"text_space": T5_SPACE, "pooled_to_class": False, "text_mask": False}
    text = {"class": "T5EncoderModel", "text_space": T5_SPACE, "pooled": False, "attention_mask": True}
    text |= {"tokenizer": "../glide/tokenizer"}
    parts = {
        "text_encoder": glide_parts()["text_encoder"] | text,
        "denoiser": _base(["text"]) | reading,
        "upsampler": glide_parts()["upsampler"] | _X0 | reading | {"noise_augmentation": True},
        "second_upsampler": _second_upsampler(SECOND_UPSAMPLER),
    }
    title = "Imagen on the shapes world: a frozen text-only T5 to 32x32, then to 64x64 and 128x128"
    _write(target, "imagen", title, parts, ["imagen-text", "imagen", "imagen-upsampler"])


def export_adm(target: Path) -> None:
    """Write shapes/adm from the training adm."""
    target.mkdir(parents=True, exist_ok=True)
    save_half(adm_task.load_adm(folder_of("adm"))[0], target / "unet")
    part = _base(["class_label"]) | {"class": "UNet2DModel", "pooled_to_class": False}
    del part["text_space"]
    part |= {"classes": list(adm_task.CLASSES), "null_class": adm_task.NULL_CLASS, "default_scale": 2.0}
    title = "ADM on the shapes world: a coloured shape, by its class, to 32x32"
    _write(target, "adm", title, {"denoiser": part}, ["adm"])
