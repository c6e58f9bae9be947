"""What is bound to a denoiser reaches its network as the papers say: against loops written by hand with diffusers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from graph_nodes.binding import class_label, image_condition, inpaint_condition
from graph_nodes.diffusion import denoise
from graph_nodes.errors import Misfit
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.models import load_model
from graph_nodes.text import encode_text
from torch import Tensor
from torch.nn import functional

from graph_engine import Context, Denoiser, Folders, Image, ImageEmbedding, Mask, TextEmbedding

WIDTH = 16
LABELS = ["red circle", "blue square"]
BLOCKS: dict[str, Any] = {"block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4}
SCHEDULE: dict[str, Any] = {"beta_schedule": "squaredcos_cap_v2", "timestep_spacing": "trailing", "clip_sample": False}


def _by_class() -> Any:
    from diffusers import UNet2DModel

    blocks = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2}
    return UNet2DModel(sample_size=8, in_channels=3, out_channels=3, num_class_embeds=3, **blocks, **BLOCKS)


def _conditioned(**more: Any) -> Any:
    from diffusers import UNet2DConditionModel

    settings: dict[str, Any] = {
        "sample_size": 8,
        "in_channels": 3,
        "out_channels": 3,
        "down_block_types": ("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "up_block_types": ("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        "cross_attention_dim": WIDTH,
        "attention_head_dim": 8,
        "class_embed_type": "identity",
        **BLOCKS,
    }
    return UNet2DConditionModel(**{**settings, **more})


def _decoder() -> Any:
    told = {"addition_embed_type": "image", "encoder_hid_dim_type": "text_image_proj", "encoder_hid_dim": WIDTH}
    return _conditioned(**told)


def _latent() -> Any:
    return _conditioned(in_channels=4, out_channels=4)


def _prior() -> Any:
    from diffusers import PriorTransformer

    return PriorTransformer(
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=1,
        embedding_dim=WIDTH,
        num_embeddings=8,
        additional_embeddings=4,
    )


PARTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "classes": (_by_class, {"class": "UNet2DModel", "conditions": ["class_label"], "classes": LABELS, "null_class": 2}),
    "decoder": (
        _decoder,
        {"conditions": ["text", "image_embedding"], "embedding_space": "tiny-clip", "embedding_scale": 4.0},
    ),
    "inpaint": (lambda: _conditioned(in_channels=7), {"conditions": ["text", "inpaint"]}),
    "latent": (
        _latent,
        {"space": "tiny-vae", "channels": 4, "preview": {"matrix": [[0.1] * 4] * 3, "bias": [0.5] * 3}},
    ),
    "prior": (
        _prior,
        {"class": "PriorTransformer", "space": "tiny-clip", "shape": [WIDTH], "prediction_type": "sample"},
    ),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One tiny model with random weights for each kind of condition."""
    from diffusers import DDIMScheduler

    torch.manual_seed(5)
    folder = tmp_path_factory.mktemp("conditioned")
    common = {"kind": "Denoiser", "class": "UNet2DConditionModel", "folder": "net", "scheduler": "scheduler"}
    pixel = {"space": "pixel", "channels": 3, "size": 8, "text_space": "tiny", "conditions": ["text"]}
    found = {}
    for name, (build, facts) in PARTS.items():
        part = common | pixel | {"pooled_to_class": name not in ("classes", "prior")} | facts
        build().save_pretrained(folder / name / "net")
        prediction_type = part.get("prediction_type", "v_prediction")
        DDIMScheduler(**SCHEDULE, prediction_type=prediction_type).save_pretrained(folder / name / "scheduler")
        (folder / name / "model.json").write_text(json.dumps({"format": 1, "parts": {"denoiser": part}}))
        found[f"tiny/{name}"] = folder / name
    return found


@pytest.fixture
def knowing(context: Context, models: dict[str, Path]) -> Context:
    """A context that knows these models too."""
    return Context(folders=Folders(models={**context.folders.models, **models}))


@pytest.fixture
def text(knowing: Context) -> TextEmbedding:
    encoder = load_model(knowing, "tiny/glide").text_encoder
    assert encoder is not None
    return encode_text(knowing, encoder, "a red circle")


def _denoiser(context: Context, name: str) -> Denoiser:
    found = load_model(context, f"tiny/{name}").denoiser
    assert found is not None
    return found


def _by_hand(context: Context, name: str, shape: tuple[int, ...], scale: float, told: Any) -> Tensor:
    """Three steps of DDIM from seed 0 under classifier-free guidance; `told(net, x, t)` gives both predictions."""
    import diffusers

    folder = context.folders.models[f"tiny/{name}"]
    facts = json.loads((folder / "model.json").read_text())["parts"]["denoiser"]
    net = getattr(diffusers, facts["class"]).from_pretrained(folder / "net", dtype=torch.float32)
    scheduler = diffusers.DDIMScheduler.from_pretrained(folder / "scheduler")
    scheduler.set_timesteps(3)
    x = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for t in scheduler.timesteps:
            without, conditional = told(net, torch.cat([x, x]), t).chunk(2)
            x = scheduler.step(without + scale * (conditional - without), t, x).prev_sample
    return x


def _both(text: TextEmbedding) -> dict[str, Tensor]:
    assert text.null_tokens is not None
    assert text.pooled is not None
    assert text.null_pooled is not None
    return {
        "encoder_hidden_states": torch.cat([text.null_tokens, text.tokens]),
        "class_labels": torch.cat([text.null_pooled, text.pooled]),
    }


def test_a_class_label_is_contrasted_with_the_null_class(knowing: Context) -> None:
    bound = class_label(_denoiser(knowing, "classes"), "blue square")
    ours = denoise(knowing, bound, guidance=classifier_free_guidance(3.0), steps=3).samples
    labels = torch.tensor([2, 1])
    theirs = _by_hand(knowing, "classes", (3, 8, 8), 3.0, lambda net, x, t: net(x, t, class_labels=labels).sample)
    assert torch.equal(ours, theirs)


def test_an_image_embedding_is_nulled_together_with_the_text(knowing: Context, text: TextEmbedding) -> None:
    vector = functional.normalize(torch.randn(1, WIDTH, generator=torch.Generator().manual_seed(8)), dim=-1)
    bound = image_condition(_denoiser(knowing, "decoder"), ImageEmbedding(vector, "tiny-clip"))
    ours = denoise(knowing, bound, text, classifier_free_guidance(3.0), steps=3).samples
    embeds = torch.cat([vector * 0, vector * 4.0])
    options = _both(text)
    theirs = _by_hand(
        knowing,
        "decoder",
        (3, 8, 8),
        3.0,
        lambda net, x, t: net(x, t, added_cond_kwargs={"image_embeds": embeds}, **options).sample,
    )
    assert torch.equal(ours, theirs)


def test_a_batch_of_embeddings_makes_a_picture_each(knowing: Context, text: TextEmbedding) -> None:
    vectors = torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(8))

    def made(rows: Tensor, seed: int) -> Tensor:
        bound = image_condition(_denoiser(knowing, "decoder"), ImageEmbedding(rows, "tiny-clip"))
        return denoise(knowing, bound, text, steps=3, seed=seed).samples

    both = made(vectors, 4)
    for k in range(2):
        torch.testing.assert_close(both[k : k + 1], made(vectors[k : k + 1], 4 + k), rtol=0, atol=1e-5)


def test_an_inpainting_model_sees_the_picture_only_where_it_is_known(knowing: Context, text: TextEmbedding) -> None:
    """GLIDE's order: x_t, the picture times what is known, and 1 where it is known."""
    picture = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(6))
    values = torch.zeros(1, 1, 8, 8)
    values[..., 3:] = 1
    values[..., 2] = 0.3  # a soft edge counts as unknown
    bound = inpaint_condition(_denoiser(knowing, "inpaint"), Image(picture), Mask(values))
    ours = denoise(knowing, bound, text, classifier_free_guidance(2.0), steps=3).samples
    known = torch.zeros(1, 1, 8, 8)
    known[..., :2] = 1
    beside = torch.cat([(picture * 2 - 1) * known, known], dim=1).repeat(2, 1, 1, 1)
    options = _both(text)
    theirs = _by_hand(
        knowing, "inpaint", (3, 8, 8), 2.0, lambda net, x, t: net(torch.cat([x, beside], 1), t, **options).sample
    )
    assert torch.equal(ours, theirs)


def test_a_prior_denoises_an_embedding(knowing: Context, text: TextEmbedding) -> None:
    """The sequence of Ramesh et al. 2022 is PriorTransformer's; pooled is the text's point in CLIP's space."""
    from dataclasses import replace

    joint = replace(text, pooled=text.tokens[:, 0], null_pooled=text.null_tokens[:, 0])  # type: ignore[index]
    ours = denoise(knowing, _denoiser(knowing, "prior"), joint, classifier_free_guidance(2.0), steps=3)
    options = _both(joint)
    theirs = _by_hand(
        knowing,
        "prior",
        (WIDTH,),
        2.0,
        lambda net, x, t: (
            net(
                x, t, proj_embedding=options["class_labels"], encoder_hidden_states=options["encoder_hidden_states"]
            ).predicted_image_embedding
        ),
    )
    assert torch.equal(ours.samples, theirs)
    assert ours.samples.shape == (1, WIDTH)
    assert ours.space == "tiny-clip"


@pytest.mark.parametrize(("name", "shown"), [("latent", True), ("prior", False)])
def test_latents_are_shown_by_a_linear_map_and_embeddings_not_at_all(
    knowing: Context, text: TextEmbedding, name: str, shown: bool
) -> None:
    from dataclasses import replace

    if name == "prior":
        text = replace(text, pooled=text.tokens[:, 0], null_pooled=text.null_tokens[:, 0])  # type: ignore[index]
    previews: list[Any] = []
    watched = Context(folders=knowing.folders, on_preview=previews.append)
    made = denoise(watched, _denoiser(knowing, name), text, steps=2)
    assert len(previews) == (2 if shown else 0)
    if shown:
        last = previews[-1].pixels
        assert last.shape == (1, 3, 8, 8)
        torch.testing.assert_close(last[:, 0], (0.1 * made.samples.sum(1) + 0.5).clamp(0, 1))


def test_what_cannot_be_bound_is_named(knowing: Context, text: TextEmbedding) -> None:
    vector = ImageEmbedding(torch.zeros(1, WIDTH), "other")
    with pytest.raises(Misfit, match=r"knows no class 'blue sqare'. Did you mean 'blue square'\?"):
        class_label(_denoiser(knowing, "classes"), "blue sqare")
    with pytest.raises(Misfit, match="cannot use 'class_label'; it was trained on 'text', 'inpaint'"):
        class_label(_denoiser(knowing, "inpaint"), "blue square")
    with pytest.raises(Misfit, match="wants embeddings of the space 'tiny-clip', found 'other'"):
        image_condition(_denoiser(knowing, "decoder"), vector)
    with pytest.raises(Misfit, match=r"'image_embedding' comes from core\.image_condition"):
        denoise(knowing, _denoiser(knowing, "decoder"), text)
    with pytest.raises(Misfit, match="works on pictures of 8 x 8, found 9 x 8"):
        inpaint_condition(_denoiser(knowing, "inpaint"), Image(torch.zeros(1, 3, 8, 9)), Mask(torch.zeros(1, 1, 8, 9)))
