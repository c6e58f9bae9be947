"""`python -m benchmarks.checkpoints`: what opening a published model and sampling from it cost, beside bare diffusers.

No weights are needed: the large file is a sparse one in the layout of Stable Diffusion 1.5, and sampling runs on a
model with random weights. Seconds are those of the processor, which other programs disturb least.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from graph_nodes.checkpoints.single_file import CONFIGS
from graph_nodes.checkpoints.tiny import networks, stable
from graph_nodes.checkpoints.tiny.index import write_index
from graph_nodes.diffusion import denoise
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.models import load_model
from graph_nodes.text import encode_text
from graph_nodes.weights import module_of

from graph_engine import Context, Folders

STEPS, ROUNDS = 10, 7


def large_unet(folder: Path) -> None:
    """The U-Net of Stable Diffusion 1.5 in half precision, 1.7 GB of holes, beside small siblings."""
    import diffusers

    stable.sd15(folder)
    shutil.copy(CONFIGS / "sd15" / "unet" / "config.json", folder / "unet" / "config.json")
    config = json.loads((folder / "unet" / "config.json").read_bytes())
    with torch.device("meta"):
        module = diffusers.UNet2DConditionModel.from_config(config)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in module.state_dict().items():
        begin, end = end, end + 2 * tensor.numel()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "unet" / "diffusion_pytorch_model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)


def private_bytes() -> int:
    """Memory of this process that no file stands behind."""
    lines = Path(f"/proc/{os.getpid()}/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty", "Anonymous")))


def opening(folder: Path) -> None:
    """Seconds and private memory for the U-Net in its stored dtype; the libraries are warm, as in a server."""
    import diffusers

    large_unet(folder / "large")
    context = Context(folders=Folders(model_roots=(folder,), cache=folder / "cache"))
    module_of(context, load_model(context, "small").denoiser)  # type: ignore[arg-type]
    denoiser = load_model(context, "large", dtype="stored").denoiser  # digests the file, once for ever
    assert denoiser is not None
    memory, begin = private_bytes(), time.process_time()
    module = module_of(context, denoiser)
    seconds = time.process_time() - begin
    begin = time.process_time()
    diffusers.UNet2DConditionModel.from_pretrained(folder / "large" / "unet", dtype=torch.float16)
    bare = time.process_time() - begin
    size = sum(tensor.numel() * tensor.element_size() for tensor in module.parameters())
    print(f"open a U-Net of {size / 1e9:.2f} GB in its stored dtype: {seconds:.3f} s, "
          f"{(private_bytes() - memory) / 1e6:.0f} MB of private memory; "
        f"bare diffusers in the same process {bare:.3f} s")  # fmt: skip


def sampling(folder: Path) -> None:
    """The loop beside the pipeline's, on a U-Net that takes some milliseconds a call."""
    import diffusers

    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(folder / "small", local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    context = Context(folders=Folders(model_roots=(folder,)))
    model = load_model(context, "small")
    assert model.denoiser is not None
    assert model.text_encoder is not None
    text = encode_text(context, model.text_encoder, "a cat")
    guide, denoiser = classifier_free_guidance(7.5), model.denoiser
    embeds = {"prompt_embeds": text.tokens, "negative_prompt_embeds": text.null_tokens}
    seed = torch.Generator()

    def ours() -> None:
        denoise(context, denoiser, text, guide, None, STEPS, "published")

    def theirs() -> None:
        pipeline(**embeds, num_inference_steps=STEPS, generator=seed.manual_seed(0), output_type="latent")

    pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(ROUNDS)][1:]
    ratio = statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)
    print(f"{STEPS} steps: {min(a for a, _ in pairs):.3f} s, the bare pipeline {min(b for _, b in pairs):.3f} s; "
          f"the ratio is {ratio:.3f}")  # fmt: skip


def _seconds(run: Callable[[], None]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def small(folder: Path) -> None:
    """A Stable Diffusion whose U-Net is large enough that its own work counts."""
    stable.sd15(folder)
    shutil.rmtree(folder / "unet")
    networks.latent_unet(
        folder / "unet", block_out_channels=(96, 192), norm_num_groups=32, attention_head_dim=8, sample_size=32
    )
    write_index(folder, "StableDiffusionPipeline", **stable.NO_CHECKER)


def main() -> None:
    """Print the figures."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small(folder / "small")
        opening(folder)
        sampling(folder)


if __name__ == "__main__":
    main()
