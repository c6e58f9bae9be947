"""Weights, read on first use and kept warm: only known classes, only safetensors, only from the local disk."""

from __future__ import annotations

import contextlib
import gc
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph_engine import Context, ModelPart
from graph_nodes import memory_options
from graph_nodes.checkpoints import single_file
from graph_nodes.checkpoints.file_weights import load_component
from graph_nodes.checkpoints.folder_weights import load_folder
from graph_nodes.checkpoints.headers import read_header
from graph_nodes.checkpoints.tokenizers import is_gpt2, reading_vocabulary, tokenizer_folder
from graph_nodes.checkpoints.weight_files import find_weights
from graph_nodes.errors import ModelRefused
from graph_nodes.model_files import ModelFiles, open_model, part_folder, revision

if TYPE_CHECKING:
    import torch

__all__ = [
    "COMPONENTS",
    "module_of",
    "scheduler_config",
    "tensors_of",
    "tokenizer_of",
    "torch_dtype",
    "warm_tensors",
]

COMPONENTS: Mapping[str, str] = {
    "AdmUNet": "graph_nodes.science.adm",
    "AutoencoderKL": "diffusers",
    "BartForCausalLM": "transformers",
    "BartForConditionalGeneration": "transformers",
    "CLIPForImageClassification": "transformers",
    "CLIPModel": "transformers",
    "CLIPTextModel": "transformers",
    "CLIPTextModelWithProjection": "transformers",
    "CLIPVisionModelWithProjection": "transformers",
    "FluxTransformer2DModel": "diffusers",
    "GPT2LMHeadModel": "transformers",
    "GlideNoisedCLIP": "graph_nodes.science.glide_clip",
    "GlideTextTower": "graph_nodes.science.glide_text",
    "LlamaForCausalLM": "transformers",
    "NoisedClassifier": "graph_nodes.science.adm",
    "PriorTransformer": "diffusers",
    "SD3Transformer2DModel": "diffusers",
    "T5EncoderModel": "transformers",
    "T5ForConditionalGeneration": "transformers",
    "UNet2DConditionModel": "diffusers",
    "UNet2DModel": "diffusers",
    "VQModel": "diffusers",
}
"""Classes that a model.json may name -> the library that they are in. Nothing else is ever imported for it."""


def module_of(context: Context, part: ModelPart, *, folder: str = "folder", component: str = "") -> Any:
    """The network of a part on the run's device in the run's dtype, ready to evaluate; warm after the first use.

    folder: which of the part's folders; component: the class of what lies there, when it is not the part's own.
    """
    with _no_collection():
        return _module_of(context, part, folder, component)


def _module_of(context: Context, part: ModelPart, folder: str, component: str) -> Any:
    part = _owner(context, part)
    chosen = "".join(f":{name}" for name in ("offload", "slices", "compile") if part.options.get(name))
    dtype = str(torch_dtype(context, part)).removeprefix("torch.")
    key = f"{part.model}@{part.revision}/{part.part}:{context.device}:{dtype}{component and ':' + folder}{chosen}"

    def load() -> Any:
        import torch

        with torch.inference_mode(False):  # weights that are made or moved in it take no part in a gradient
            module = _load(context, part, folder, component or part.facts["class"])
            return memory_options.apply(module, part.options, context.device)

    return context.warm.get(key, load, _bytes_of)


def _owner(context: Context, part: ModelPart) -> ModelPart:
    """The part whose network another one uses too, so that it is in memory once."""
    owner = part.facts.get("weights_of")
    if owner is None:
        return part
    model = open_model(context, part.model)
    _check_revision(context, model, part)
    return replace(part, part=owner, revision=revision(context, model, owner), facts=dict(model.parts[owner]))


def tokenizer_of(context: Context, part: ModelPart, key: str = "tokenizer") -> Any:
    """The Hugging Face tokenizer of a part; key: which of its folders."""

    def load() -> Any:
        from transformers import AutoTokenizer, GPT2Tokenizer

        configs = _folder(context, part, key)
        single = open_model(context, part.model).file is not None
        folder = tokenizer_folder(context, part, configs, single=single)
        with _library(), reading_vocabulary(part, folder):
            if is_gpt2(configs):  # a folder with the vocabulary alone does not say its class
                tokenizer = GPT2Tokenizer.from_pretrained(folder, local_files_only=True)
            else:
                tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            tokenizer("a")  # one without the words for what it does not know opens, and fails then
        return tokenizer

    return context.warm.get(f"{part.model}@{part.revision}/{part.part}:{key}", load, lambda _: 1 << 20)


def scheduler_config(context: Context, part: ModelPart, key: str = "scheduler") -> dict[str, Any]:
    """The noise schedule that a denoiser was trained on: its scheduler_config.json; key: which of its folders."""
    path = _folder(context, part, key) / "scheduler_config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelRefused(f"the model {part.model!r} has no readable scheduler_config.json: {error}") from None
    if key != "scheduler" or part.facts.get("prediction_type") == "flow":
        return config
    config |= part.facts.get("scheduler_settings", {})
    if part.facts.get("preconditioned"):  # what the network says is made a velocity of, whatever its pipeline does
        return config | {"prediction_type": "v_prediction"}
    stated, found = part.facts.get("prediction_type"), config.get("prediction_type", "epsilon")
    if stated not in (None, found):
        raise ModelRefused(f"{path}: says prediction_type {found!r}, but model.json says {stated!r}")
    return config


def tensors_of(context: Context, part: ModelPart, key: str) -> dict[str, torch.Tensor]:
    """The tensors by name in one of a part's folders, for what is no network of a library; warm after the first use."""
    from safetensors.torch import load_file

    def load() -> dict[str, torch.Tensor]:
        folder = _folder(context, part, key)
        files = sorted(folder.glob("*.safetensors"))
        if not files:
            raise ModelRefused(f"{folder} holds no .safetensors file; other weight formats are not read")
        return {name: tensor for file in files for name, tensor in load_file(file).items()}

    def size(tensors: dict[str, torch.Tensor]) -> int:
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())

    return context.warm.get(f"{part.model}@{part.revision}/{part.part}:{key} tensors", load, size)


def warm_tensors(context: Context, part: ModelPart) -> Iterator[tuple[str, torch.Tensor]]:
    """(name, weights) of all that a part has warm, whatever folder it is of; nothing is read for it."""
    import torch

    def gone() -> Any:
        raise KeyError

    part = _owner(context, part)
    for key in context.warm.keys():  # noqa: SIM118 - no mapping
        if not key.startswith(f"{part.model}@{part.revision}/{part.part}:"):
            continue
        with contextlib.suppress(KeyError):  # let go in the meantime
            held = context.warm.get(key, gone, _bytes_of)
            named = dict(held.named_parameters()) if isinstance(held, torch.nn.Module) else held
            if isinstance(named, dict):
                yield from ((name, tensor) for name, tensor in named.items() if not tensor.is_meta)


def torch_dtype(context: Context, part: ModelPart | None = None) -> torch.dtype:
    """The run's dtype as torch names it, or what the loader chose for a part; a part that overflows in half precision
    has float32 in its place."""
    import torch

    name = context.dtype
    chosen = part.options.get("dtype", "run") if part is not None else "run"
    if part is not None and chosen != "run":
        name = _stored_dtype(context, part) if chosen == "stored" else chosen
    if part is not None and part.facts.get("full_precision") and name == "float16":
        name = "float32"
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


def _stored_dtype(context: Context, part: ModelPart) -> str:
    """The dtype that most of a part's numbers are stored in, float32 where no network can compute in it."""

    def find() -> str:
        model = open_model(context, part.model)
        counts: dict[str, int] = {}
        headers = [single_file.tensors_of(read_header(file), part.facts) for file in model.files]
        if not headers:
            headers = [read_header(file) for file in find_weights(_folder(context, part, "folder")).files]
        for header in headers:
            for dtype, count in header.dtypes.items():
                counts[dtype] = counts.get(dtype, 0) + count
        return memory_options.DTYPES.get(max(counts, key=lambda dtype: counts[dtype], default=""), "float32")

    return context.warm.get(f"dtype:{part.model}@{part.revision}/{part.part}", find, len)


def _folder(context: Context, part: ModelPart, key: str) -> Path:
    model = open_model(context, part.model)
    _check_revision(context, model, part)
    return part_folder(model.name, model.folder, part.facts[key])


def _check_revision(context: Context, model: ModelFiles, part: ModelPart) -> None:
    if part.part not in model.parts or revision(context, model, part.part) != part.revision:
        raise ModelRefused(f"the files of {part.model!r}, part {part.part!r}, changed during the run; run again")


def _load(context: Context, part: ModelPart, key: str, name: str) -> Any:
    import importlib

    if name not in COMPONENTS:
        known = ", ".join(sorted(COMPONENTS))
        raise ModelRefused(f"{part.model!r}, part {part.part!r}: the class {name!r} is not one of {known}")
    folder, dtype = _folder(context, part, key), torch_dtype(context, part)
    file = open_model(context, part.model).file
    component = getattr(importlib.import_module(COMPONENTS[name]), name)
    with _library():
        if file is None:
            module = load_folder(component, folder, dtype)
        else:
            module = load_component(component, file, folder.parent, folder.name, dtype)
    return module.eval().requires_grad_(False)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Without the collector, which would look through the whole process for the thousands of objects that a module is:
    measured, 0.2 of the 0.3 s that a U-Net of 1.7 GB took to open."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


_BUILDING = threading.RLock()


@contextlib.contextmanager
def _library() -> Iterator[None]:
    """While a library builds a module, one at a time: it sets torch's default dtype and replaces functions of torch for
    the whole process, and two at once would leave them so. A module is built in an instant, its weights a view of the
    file; what takes long (digests, the way to the device, which reads the file) others do at the same time."""
    with _BUILDING, _quietly():
        yield


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the libraries' progress bars and reports, which are no business of who runs a workflow."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging

    libraries: tuple[Any, ...] = (logging, diffusers_logging)
    was_on = [library.is_progress_bar_enabled() for library in libraries]
    verbosity = [library.get_verbosity() for library in libraries]
    for library in libraries:
        library.disable_progress_bar()
        library.set_verbosity_error()
    try:
        yield
    finally:
        for library, on, level in zip(libraries, was_on, verbosity, strict=True):
            library.set_verbosity(level)
            if on:
                library.enable_progress_bar()


def _bytes_of(module: Any) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in (*module.parameters(), *module.buffers()))
