"""Every training by name: what it builds on, how long it takes, what watches it. Plain data; nothing is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph_engine_shapes.alignment import Row
    from graph_engine_shapes.loop import Task


@dataclass(frozen=True)
class Recipe:
    """One training.

    task: `module:name` of what makes its Task, called with the folder of each training in `needs`; minutes: processor
    time that it takes by default; look: `module:name` of what measures a checkpoint, called with the training's folder
    and the number of prompts, or None where only the loss can be watched.
    """

    task: str
    minutes: float
    needs: tuple[str, ...] = ()
    look: str | None = None


RECIPES = {
    "glide-text": Recipe("text_task:TextTask", 4),
    "glide": Recipe("picture_task:BaseTask", 60, ("glide-text",), "alignment:look_base"),
    "glide-upsampler": Recipe("picture_task:UpsamplerTask", 20, ("glide-text",), "alignment:look_upsampler"),
    "clip": Recipe("clip_task:ClipTask", 12, (), "alignment:look_clip"),
    "noised-clip": Recipe("noised_task:noised_clip_task", 6, ("clip",), "noised_task:look_noised_clip"),
    "classifier": Recipe("noised_task:ClassifierTask", 4, ("noised-clip",), "noised_task:look_classifier"),
    "prior": Recipe("prior_task:PriorTask", 5, ("clip",), "prior_looks:look_prior"),
    "ar-prior": Recipe("prior_task:ArPriorTask", 5, ("clip",), "prior_looks:look_ar_prior"),
    "unclip-decoder": Recipe("unclip_task:decoder_task", 30, ("glide-text", "glide", "clip"), "looks:look_decoder"),
    "vae": Recipe("autoencoder_task:VaeTask", 12, (), "looks:look_vae"),
    "latent": Recipe("latent_task:latent_task", 35, ("glide-text", "glide", "vae"), "latent_task:look_latent"),
    "vq": Recipe("autoencoder_task:VqTask", 4, ("vae",), "looks:look_vq"),
    "dalle": Recipe("token_task:DalleTask", 20, ("glide-text", "vq"), "token_looks:look_dalle"),
    "glide-inpaint": Recipe("inpaint_task:inpaint_task", 15, ("glide-text", "glide"), "edits:look_inpaint"),
    "imagen-text": Recipe("t5_text_task:T5TextTask", 4),
    "parti": Recipe("token_task:parti_task", 10, ("imagen-text", "vq", "dalle"), "token_looks:look_parti"),
    "imagen": Recipe("imagen_task:imagen_task", 20, ("glide-text", "glide", "imagen-text"), "imagen_task:look_imagen"),
    "second-upsampler": Recipe(
        "upsampling_task:second_upsampler_task",
        8,
        ("glide-text", "glide-upsampler"),
        "upsampling_task:look_second_upsampler",
    ),
    "imagen-upsampler": Recipe(
        "upsampling_task:imagen_upsampler_task",
        8,
        ("glide-text", "glide-upsampler", "imagen-text"),
        "upsampling_task:look_imagen_upsampler",
    ),
    "adm": Recipe("adm_task:AdmTask", 10, ("glide-text", "glide"), "adm_task:look_adm"),
}
"""Name -> recipe, in an order in which each comes after what it needs."""


def task_of(name: str, folder_of: Callable[[str], Path]) -> Task:
    """The task of the recipe called `name`; `folder_of` says where the trainings lie that it builds on."""
    recipe = _recipe(name)
    task: Task = found(recipe.task)(*(folder_of(needed) for needed in recipe.needs))
    return task


def look_of(name: str) -> Callable[[Path, int], Row] | None:
    """What measures a checkpoint of `name`, where there is such a thing."""
    look = _recipe(name).look
    return None if look is None else found(look)


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise ValueError(f"no recipe is called {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def found(place: str) -> Any:
    """What `module:name` of this package names."""
    module, name = place.split(":")
    return getattr(import_module(f"graph_engine_shapes.{module}"), name)
