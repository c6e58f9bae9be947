"""A folder in the layout of diffusers: a model_index.json, and a subfolder with a config for each component."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from graph_nodes.errors import ModelRefused

__all__ = ["INDEX", "UNUSED", "Component", "Layout", "read_json", "read_layout"]

INDEX = "model_index.json"
_LARGEST_CONFIG = 4 << 20
_LIBRARIES = ("diffusers", "transformers")
UNUSED = ("safety_checker", "watermarker", "feature_extractor", "image_processor")
"""Components that no node uses."""
_OF_PIPELINES = ("UnCLIPTextProjModel", "GlideTextTower", "GlideNoisedCLIP", "AdmUNet", "NoisedClassifier")
"""Classes that an index names by their pipeline's module; the project has its own in their place."""
_CONFIGS = ("config.json", "scheduler_config.json", "tokenizer_config.json", "preprocessor_config.json")


@dataclass(frozen=True)
class Component:
    """One component of a published model: its subfolder, the class that its index names, and its config."""

    name: str
    class_name: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """What a folder holds, by what its index and its configs say. name: how messages speak of the model."""

    name: str
    folder: Path
    pipeline: str
    components: Mapping[str, Component]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __contains__(self, component: str) -> bool:
        return component in self.components

    def class_of(self, component: str) -> str:
        """The class of a component, empty when the model has none."""
        return self.components[component].class_name if component in self else ""

    def config(self, component: str) -> Mapping[str, Any]:
        """The config of a component that has to be there."""
        if component not in self:
            raise ModelRefused(
                f"the model {self.name!r} ({self.pipeline}) has no {component!r}; "
                f"it has {', '.join(self.components) or 'nothing'}"
            )
        return self.components[component].config

    def setting(self, component: str, key: str, default: Any = None) -> Any:
        """A value of a component's config, `default` where the config does not say it."""
        value = self.config(component).get(key)
        return default if value is None else value

    def told(self, component: str, **settings: Any) -> Layout:
        """The same with settings of a component that its config does not say, or says wrongly."""
        known = self.components[component]
        changed = replace(known, config={**known.config, **settings})
        return replace(self, components={**self.components, component: changed})


def read_layout(name: str, folder: Path) -> Layout:
    """The layout of a folder with a model_index.json; raises ModelRefused that names the component at fault."""
    index = read_json(name, folder / INDEX)
    pipeline = index.get("_class_name")
    if not isinstance(pipeline, str):
        raise ModelRefused(
            f"the model {name!r} names a pipeline with code of its own ({pipeline!r}); code that comes with a "
            "checkpoint is never run"
        )
    components, options = {}, {}
    for key, value in index.items():
        if key.startswith("_") or key in UNUSED:
            continue
        if not (isinstance(value, list) and len(value) == 2):
            options[key] = value
        elif value[1] is not None and not (_is_elsewhere(index, key) and not (folder / key).is_dir()):
            components[key] = _component(name, folder, key, *value)
    return Layout(name, folder, pipeline, components, options)


def _is_elsewhere(index: Mapping[str, Any], component: str) -> bool:
    """Whether a component may be missing because another model's folder has it: the T5 of 20 GB of DeepFloyd's stage II
    is that of stage I, and its publisher's own example leaves it out."""
    return "image_noising_scheduler" in index and component in ("text_encoder", "tokenizer")


def _component(name: str, folder: Path, key: str, library: Any, class_name: Any) -> Component:
    if library not in _LIBRARIES and class_name not in _OF_PIPELINES:
        raise ModelRefused(
            f"the model {name!r}: its component {key!r} is a class of {library!r}, which is not one of "
            f"{', '.join(_LIBRARIES)}; code that comes with a checkpoint is never run"
        )
    if "/" in key or "\\" in key or key in (".", ".."):
        raise ModelRefused(f"the model {name!r} names a component {key[:80]!r}, which is no plain name")
    subfolder = folder / key
    if not subfolder.is_dir():
        raise ModelRefused(
            f"the model {name!r} has no folder {key!r} for its {class_name}; its download may be incomplete"
        )
    config = next((path for item in _CONFIGS if (path := subfolder / item).is_file()), None)
    wanted = _wanted_config(key, str(class_name))
    if wanted and not (subfolder / wanted).is_file():
        raise ModelRefused(
            f"the model {name!r} has no {key}/{wanted} for its {class_name}; its download may be incomplete"
        )
    settings = read_json(name, config) if config else {}
    if "quantization_config" in settings:
        raise ModelRefused(
            f"the model {name!r}: the weights of {key!r} are quantised, as its config.json tells, which is not read; "
            "fetch the model in float16, bfloat16 or float32"
        )
    return Component(key, str(class_name), settings)


def _wanted_config(key: str, class_name: str) -> str:
    """The file without which a component cannot be made; empty for tokenizers, whose vocabulary may be elsewhere."""
    if key.startswith("tokenizer") or class_name.endswith(("Processor", "Extractor")):
        return ""
    return "scheduler_config.json" if class_name.endswith("Scheduler") else "config.json"


def read_json(name: str, path: Path) -> dict[str, Any]:
    """A config as a mapping; raises ModelRefused when it is missing, too large or no mapping."""
    try:
        if path.stat().st_size > _LARGEST_CONFIG:
            raise ModelRefused(f"the model {name!r}: {path.name} is larger than any config ({_LARGEST_CONFIG} bytes)")
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ModelRefused(
            f"the model {name!r} has no readable {path.parent.name}/{path.name}: {error}; "
            "its download may be incomplete"
        ) from None
    if not isinstance(found, dict):
        raise ModelRefused(f"the model {name!r}: {path.name} is no mapping")
    return found
