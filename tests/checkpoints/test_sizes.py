"""Every size that a network can draw is drawn, and no other is begun."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from graph_nodes.autoencoding import encode
from graph_nodes.binding import image_condition, inpaint_condition, low_resolution, picture_size
from graph_nodes.checkpoints.spaces import sides
from graph_nodes.diffusion import denoise
from graph_nodes.errors import Misfit
from graph_nodes.models import Model
from graph_nodes.starts import image_to_image
from graph_nodes.text import encode_text

from graph_engine import Denoiser, ImageEmbedding, Latents, Start

from .bench import Bench, picture, right_half


def drawn(bench: Bench, model: Model, denoiser: Denoiser, start: Start | None = None) -> tuple[int, ...]:
    """The shape of what a denoiser makes in one step."""
    wanted = denoiser.facts["conditions"]
    text = encode_text(bench.context, model.text_encoder, "a cat") if "text" in wanted else None
    if "image_embedding" in wanted:
        denoiser = image_condition(denoiser, ImageEmbedding(torch.ones(1, 32), denoiser.facts["embedding_space"]))
    made = denoise(bench.context, denoiser, text, start=start, steps=1, scheduler="published")
    return tuple(made.samples.shape)


def test_a_network_that_only_doubles_says_what_must_divide_its_sides(bench: Bench) -> None:
    model = bench.model("kandinsky")
    for width in (72, 100):
        with pytest.raises(Misfit, match=rf"'kandinsky' wants sides that 16 divides, found {width} x 64$"):
            picture_size(model.denoiser, width, 64)
    assert drawn(bench, model, picture_size(model.denoiser, 80, 64)) == (1, 4, 8, 10)
    unchecked = replace(model.denoiser, facts={**model.denoiser.facts, "shape": [4, 8, 9]})
    with pytest.raises(RuntimeError, match="Sizes of tensors must match"):
        drawn(bench, model, unchecked)


MULTIPLES = {
    **dict.fromkeys(("sd15", "sd15-inpaint", "sd2-inpaint", "sd21", "sdxl", "sdxl-inpaint", "sdxl-refiner"), 8),
    **dict.fromkeys(("sd3", "sd35", "flux-dev", "flux-schnell", "kandinsky", "kandinsky-inpaint"), 16),
}
"""Family -> what divides the sides of its pictures."""


@pytest.mark.parametrize("family", MULTIPLES)
def test_a_size_one_multiple_on_is_drawn_and_none_between(bench: Bench, family: str) -> None:
    model, multiple = bench.model(family), MULTIPLES[family]
    with pytest.raises(Misfit, match=f"wants sides that {multiple} divides"):
        picture_size(model.denoiser, 64 + multiple // 2, 64)
    side = 64 + multiple
    if "inpaint" in model.denoiser.facts["conditions"]:
        wider = inpaint_condition(model.denoiser, picture(64, side), right_half(64, side), model.vae)
    else:
        wider = picture_size(model.denoiser, side, 64)
    assert drawn(bench, model, wider)[2:] == (8, side // 8)


def test_a_start_has_such_sides_too(bench: Bench) -> None:
    model = bench.model("kandinsky")
    start = image_to_image(encode(bench.context, picture(64, 72), model.vae))
    with pytest.raises(Misfit, match=r"with sides that 2 divides, found 4 x 8 x 9: .* sides that 16 divides in pixels"):
        drawn(bench, model, model.denoiser, start)
    shown = bench.model("kandinsky-inpaint")
    with pytest.raises(Misfit, match="wants sides that 16 divides, found 72 x 64"):
        inpaint_condition(shown.denoiser, picture(64, 72), right_half(64, 72), shown.vae)


def test_what_stands_beside_the_sample_sets_its_size(bench: Bench) -> None:
    model = bench.model("sd15-inpaint")
    shown = inpaint_condition(model.denoiser, picture(64, 72), right_half(64, 72), model.vae)
    assert drawn(bench, model, picture_size(shown, 72, 64)) == (1, 4, 8, 9)
    for denoiser in (shown, bench.model("sd-x4-upscaler").upsampler):
        with pytest.raises(Misfit, match=r"draws as large as the picture that it is shown asks for; use core\.resize"):
            picture_size(denoiser, 128, 128)


def test_a_transformer_draws_no_larger_than_it_has_places(bench: Bench) -> None:
    model = bench.model("sd3")
    with pytest.raises(Misfit, match=r"'sd3' wants sides that 16 divides, 1024 at most, found 1040 x 64$"):
        picture_size(model.denoiser, 1040, 64)
    assert drawn(bench, model, picture_size(model.denoiser, 1024, 64)) == (1, 16, 8, 128)
    start = image_to_image(Latents(torch.zeros(1, 16, 8, 130), "sd3"))
    with pytest.raises(Misfit, match=r"128 at most, found 16 x 8 x 130: .* 1024 at most in pixels"):
        drawn(bench, model, model.denoiser, start)


def test_the_x2_upscaler_takes_latents_that_its_halvings_leave_whole(bench: Bench) -> None:
    model = bench.model("sd-x2-upscaler")
    told = "enlarges latents with sides that 4 divides, 8 or more, found {}; .* sides that 32 divides, 64 or more"
    for height, width, found in ((8, 10, "10 x 8"), (4, 8, "8 x 4")):
        with pytest.raises(Misfit, match=told.format(found)):
            low_resolution(model.upsampler, Latents(torch.zeros(1, 4, height, width), "sd"))
    beside = low_resolution(model.upsampler, Latents(torch.zeros(1, 4, 8, 12), "sd"))
    assert drawn(bench, model, beside) == (1, 4, 16, 24)


def test_a_start_beside_a_small_picture_is_as_large_as_what_is_drawn(bench: Bench) -> None:
    model = bench.model("sd-x4-upscaler")
    beside = low_resolution(model.upsampler, picture(16, 24))
    start = image_to_image(Latents(torch.zeros(1, 4, 16, 16), "sd-x4"))
    with pytest.raises(
        Misfit, match="works on 4 x 16 x 24, as large as what it is shown, found a start of 4 x 16 x 16"
    ):
        drawn(bench, model, beside, start)


def test_stage_two_of_deepfloyd_enlarges_to_the_size_of_its_start(bench: Bench) -> None:
    model = bench.model("if-2")
    beside = low_resolution(model.upsampler, picture(16, 16))
    start = image_to_image(encode(bench.context, picture(72, 128)))
    assert drawn(bench, model, beside, start) == (1, 3, 72, 128)
    with pytest.raises(Misfit, match=r"with sides that 8 divides, found 3 x 68 x 128: use core.resize$"):
        drawn(bench, model, beside, image_to_image(encode(bench.context, picture(68, 128))))


DOUBLES, FITS = "ResnetUpsampleBlock2D", "UpBlock2D"


@pytest.mark.parametrize(
    ("blocks", "multiple"),
    [((DOUBLES,) * 4, 8), ((FITS,) * 4, 1), ((FITS, FITS, DOUBLES, DOUBLES), 2), ((DOUBLES, FITS, FITS), 1), ((), 1)],
)
def test_what_divides_the_sides_is_told_by_the_blocks(blocks: tuple[str, ...], multiple: int) -> None:
    assert sides({"up_block_types": blocks} if blocks else {}) == {"multiple": multiple}
