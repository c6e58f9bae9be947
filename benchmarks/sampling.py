"""core.denoise against the same loop written by hand with diffusers: seconds, their ratio, and whether pixels agree.

    python benchmarks/sampling.py [--repeats 21] [--threads 1] [--count 1] [--model FOLDER]

Both run in one process, in turn, on the same weights; the figure is the median of the ratios of neighbours, which
a machine that speeds up or slows down does not move. CPU seconds are the clock to read on a machine that is shared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from graph_nodes.diffusion import denoise
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.models import load_model
from graph_nodes.weights import module_of
from torch.nn import functional

from graph_engine import Context, Denoiser, Folders, TextEmbedding

STEPS, SCALE, SEED = 20, 3.0, 7
SIZE, UNSHUFFLE, TEXT_WIDTH, TOKENS = 32, 2, 128, 24


def make_model(folder: Path) -> Path:
    """A base like that of shapes/glide with random weights: 32 x 32 pixels, 2.4 M parameters."""
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=SIZE // UNSHUFFLE,
        in_channels=3 * UNSHUFFLE**2,
        out_channels=3 * UNSHUFFLE**2,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        block_out_channels=(64, 128),
        layers_per_block=2,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=32,
        class_embed_type="identity",
        resnet_time_scale_shift="scale_shift",
        norm_num_groups=16,
    )
    unet.half().save_pretrained(folder / "unet")
    DDIMScheduler(
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        clip_sample=False,
    ).save_pretrained(folder / "scheduler")
    part = {
        "kind": "Denoiser",
        "class": "UNet2DConditionModel",
        "folder": "unet",
        "scheduler": "scheduler",
        "space": "pixel",
        "channels": 3,
        "size": SIZE,
        "pixel_unshuffle": UNSHUFFLE,
        "text_space": "benchmark",
        "conditions": ["text"],
        "pooled_to_class": True,
    }
    (folder / "model.json").write_text(json.dumps({"format": 1, "family": "glide", "parts": {"denoiser": part}}))
    return folder


def make_text(denoiser: Denoiser, unet: UNet2DConditionModel) -> TextEmbedding:
    """A random text of the shapes that the network wants."""
    generator = torch.Generator().manual_seed(1)
    width, pooled = unet.config.cross_attention_dim, unet.time_embedding.linear_2.out_features
    return TextEmbedding(
        tokens=torch.randn(1, TOKENS, width, generator=generator),
        space=denoiser.facts["text_space"],
        prompts=("benchmark",),
        pooled=torch.randn(1, pooled, generator=generator),
        null_tokens=torch.randn(1, TOKENS, width, generator=generator),
        null_pooled=torch.randn(1, pooled, generator=generator),
    )


def by_hand(
    unet: UNet2DConditionModel, config: dict[str, Any], text: TextEmbedding, facts: Any, count: int
) -> torch.Tensor:
    """The loop, with nothing of this project in it."""
    size, unshuffle = facts["size"], facts["pixel_unshuffle"]
    generators = [torch.Generator().manual_seed(SEED + k) for k in range(count)]
    scheduler = DDIMScheduler.from_config(config)
    scheduler.set_timesteps(STEPS)
    tokens = torch.cat([text.null_tokens.repeat(count, 1, 1), text.tokens.repeat(count, 1, 1)])
    pooled = torch.cat([text.null_pooled.repeat(count, 1), text.pooled.repeat(count, 1)])
    with torch.inference_mode():
        x = torch.cat([torch.randn(1, 3, size, size, generator=generator) for generator in generators])
        for t in scheduler.timesteps:
            both = functional.pixel_unshuffle(torch.cat([x, x]), unshuffle)
            output = unet(both, t, encoder_hidden_states=tokens, class_labels=pooled, return_dict=False)[0]
            without, conditional = functional.pixel_shuffle(output, unshuffle).chunk(2)
            guided = without + SCALE * (conditional - without)
            x = scheduler.step(guided, t, x, generator=generators, return_dict=False)[0]
    return x


def seconds(run: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock and CPU seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def compare(engine: Callable[[], object], hand: Callable[[], object], repeats: int) -> dict[str, dict[str, float]]:
    """Medians of both and of the ratio of neighbours, by either clock; the two take turns in going first."""
    pairs = []
    for repeat in range(repeats):
        first, second = (engine, hand) if repeat % 2 else (hand, engine)
        times = {first: seconds(first), second: seconds(second)}
        pairs.append((times[engine], times[hand]))
    return {
        name: {
            "engine_seconds": round(statistics.median(ours[clock] for ours, _ in pairs), 5),
            "by_hand_seconds": round(statistics.median(theirs[clock] for _, theirs in pairs), 5),
            "ratio": round(statistics.median(ours[clock] / theirs[clock] for ours, theirs in pairs), 4),
        }
        for clock, name in enumerate(("wall", "cpu"))
    }


def measure(folder: Path, repeats: int, count: int) -> dict[str, Any]:
    """Times, ratio and the largest difference of a pixel."""
    context = Context(folders=Folders(models={"benchmark": folder}))
    denoiser = load_model(context, "benchmark").denoiser
    assert denoiser is not None
    # One network for both: two copies of the same weights differ by some percent with where they lie in memory.
    module = module_of(context, denoiser)
    config = DDIMScheduler.load_config(folder / denoiser.facts["scheduler"])
    text = make_text(denoiser, module)
    guidance = classifier_free_guidance(SCALE)

    def engine() -> torch.Tensor:
        return denoise(context, denoiser, text, guidance, steps=STEPS, count=count, seed=SEED).samples

    def hand() -> torch.Tensor:
        return by_hand(module, config, text, denoiser.facts, count)

    difference = (engine() - hand()).abs().max().item()  # warms both up
    figures = compare(engine, hand, repeats)
    # The loops without their network, which is nearly all of the time and nearly all of the noise in it.
    module.forward = lambda x, *_, **__: (x,)
    bare = compare(engine, hand, 5 * repeats)["cpu"]
    overhead = bare["engine_seconds"] - bare["by_hand_seconds"]
    return {
        **figures,
        "overhead": {
            "cpu_milliseconds": round(overhead * 1000, 2),
            "share": round(overhead / figures["cpu"]["by_hand_seconds"], 4),
        },
        "same_pixels": difference == 0,
        "largest_difference": difference,
    }


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--count", type=int, default=1, help="pictures in the batch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", type=Path, help="a model folder with a denoiser (default: random weights)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.model or make_model(Path(temporary))
        figures = measure(folder, options.repeats, options.count)
        print(json.dumps({"steps": STEPS, "count": options.count, "scale": SCALE} | figures, indent=2))


if __name__ == "__main__":
    main()
