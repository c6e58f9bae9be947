"""The CLIP nodes against transformers' own CLIPModel on random weights; and the shipped one on what it knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from graph_engine_shapes import register_models, render
from graph_engine_shapes.words import kinds
from graph_nodes.clip import clip_classify, clip_score, clip_search, embed_text, encode_image, rerank
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.models import load_model
from graph_nodes.science.clip_pictures import OPENAI_MEAN, OPENAI_STD, prepare
from torch import Tensor

from graph_engine import CLIP, Context, Folders, Image

SIZE, D = 8, 6
MEAN, STD = (0.4, 0.5, 0.6), (0.3, 0.25, 0.2)
WORDS = 10
TOWER = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def _text_config() -> dict[str, Any]:
    ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": WORDS - 1}
    return {**TOWER, "vocab_size": WORDS, "max_position_embeddings": 8, **ends}


@pytest.fixture(scope="module")
def models(tiny_glide: Path) -> dict[str, Path]:
    """A tiny CLIP with its own normalisation, one that does not normalise vectors, and one of noised pictures."""
    from transformers import CLIPConfig, CLIPModel, CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(4)
    folder = tiny_glide.parent
    vision = {**TOWER, "image_size": SIZE, "patch_size": 4}
    config = CLIPConfig(text_config=_text_config(), vision_config=vision, projection_dim=D, initializer_factor=4.0)
    CLIPModel(config).save_pretrained(folder / "clip" / "clip")
    noised = CLIPVisionConfig(**vision, num_channels=4, projection_dim=D)
    CLIPVisionModelWithProjection(noised).save_pretrained(folder / "noised" / "clip")
    facts = {"kind": "CLIP", "folder": "clip", "tokenizer": "../tokenizer", "image_size": SIZE, "max_tokens": 8}
    facts |= {"embedding_space": "tiny-clip"}
    whole = {**facts, "class": "CLIPModel"}
    own = {"image_mean": MEAN, "image_std": STD, "normalized": True}
    alone = {"class": "CLIPVisionModelWithProjection", "noised": True, "text_folder": "../clip/clip"}
    parts = {"clip": {**whole, **own}, "raw": {**whole, "folder": "../clip/clip"}, "noised": {**facts, **own, **alone}}
    for name, part in parts.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "model.json").write_text(json.dumps({"format": 1, "parts": {"clip": part}}))
    return {f"tiny/{name}": folder / name for name in parts}


@pytest.fixture
def seeing(models: dict[str, Path]) -> Context:
    return Context(folders=Folders(models=models))


def _clip(context: Context, name: str = "tiny/clip") -> CLIP:
    found = load_model(context, name).clip
    assert found is not None
    return found


@pytest.fixture
def clip(seeing: Context) -> CLIP:
    return _clip(seeing)


@pytest.fixture(scope="module")
def reference(models: dict[str, Path]) -> Any:
    from transformers import CLIPModel

    return CLIPModel.from_pretrained(models["tiny/clip"] / "clip", dtype=torch.float32).eval()


def _normalised(pixels: Tensor) -> Tensor:
    return (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def _ids(models: dict[str, Path], prompts: Sequence[str]) -> Tensor:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(models["tiny/clip"] / "../tokenizer")
    ids: Tensor = tokenizer(prompts, padding="max_length", max_length=8, return_tensors="pt").input_ids
    return ids


def _pictures(n: int, size: tuple[int, int] = (SIZE, SIZE), seed: int = 0) -> Image:
    return Image(torch.rand(n, 3, *size, generator=torch.Generator().manual_seed(seed)))


PROMPTS = ["a red circle", "a blue square", "green"]


def test_embeddings_scores_and_probabilities_are_those_of_transformers(
    seeing: Context, clip: CLIP, models: dict[str, Path], reference: Any
) -> None:
    image = _pictures(4)
    with torch.no_grad():
        output = reference(input_ids=_ids(models, PROMPTS), pixel_values=_normalised(image.pixels))

    embedding = encode_image(seeing, clip, image)
    torch.testing.assert_close(embedding.vectors, output.image_embeds, rtol=0, atol=1e-5)
    assert embedding.space == "tiny-clip"
    texts = torch.cat([embed_text(seeing, clip, prompt).vectors for prompt in PROMPTS])
    torch.testing.assert_close(texts, output.text_embeds, rtol=0, atol=1e-5)

    classified = clip_classify(seeing, clip, image, PROMPTS)
    probabilities = output.logits_per_image.softmax(dim=1)
    torch.testing.assert_close(torch.tensor(classified.probabilities), probabilities, rtol=0, atol=1e-4)
    assert classified.labels == [PROMPTS[k] for k in probabilities.argmax(dim=1)]

    cosine = output.image_embeds @ output.text_embeds[0]
    scored = clip_score(seeing, clip, image, PROMPTS[0])
    assert scored.cosines == pytest.approx(cosine.tolist(), abs=1e-5)
    assert scored.scores == pytest.approx((2.5 * cosine.clamp(min=0)).tolist(), abs=1e-5)
    assert scored.mean == pytest.approx(float(2.5 * cosine.clamp(min=0).mean()), abs=1e-5)
    assert max(scored.cosines) - min(scored.cosines) > 1e-3


def test_vectors_are_as_the_tower_gives_them_unless_the_facts_say_normalized(seeing: Context, reference: Any) -> None:
    image = _pictures(2)
    values = (image.pixels - torch.tensor(OPENAI_MEAN).view(3, 1, 1)) / torch.tensor(OPENAI_STD).view(3, 1, 1)
    with torch.no_grad():
        expected = reference.get_image_features(values).pooler_output
    found = encode_image(seeing, _clip(seeing, "tiny/raw"), image).vectors
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    unit = encode_image(seeing, _clip(seeing), image).vectors
    torch.testing.assert_close(unit.norm(dim=1), torch.ones(2))


def test_each_picture_is_embedded_as_if_it_were_alone(seeing: Context, clip: CLIP) -> None:
    image = _pictures(5)
    together = encode_image(seeing, clip, image).vectors
    alone = [encode_image(seeing, clip, Image(pixels[None])).vectors for pixels in image.pixels]
    assert torch.equal(together, torch.cat(alone))
    scores = clip_score(seeing, clip, image, "a red circle").cosines
    single = [clip_score(seeing, clip, Image(pixels[None]), "a red circle").cosines[0] for pixels in image.pixels]
    assert scores == single


@pytest.mark.parametrize(("width", "height"), [(40, 24), (24, 41), (7, 5), (8, 8)])
def test_pictures_are_prepared_as_openai_prepares_them(width: int, height: int) -> None:
    values = np.random.default_rng(0).integers(64, 192, (height, width, 3), np.uint8)  # so that nothing is clipped
    shorter = min(width, height)
    size = (SIZE * width // shorter, SIZE * height // shorter)
    resized = PIL.Image.fromarray(values).resize(size, PIL.Image.Resampling.BICUBIC)
    left, top = (size[0] - SIZE) // 2, (size[1] - SIZE) // 2
    cut = np.asarray(resized.crop((left, top, left + SIZE, top + SIZE)), np.float32) / 255
    pixels = torch.from_numpy(values).permute(2, 0, 1)[None] / 255
    found = prepare(pixels, SIZE, MEAN, STD)
    expected = _normalised(torch.from_numpy(cut).permute(2, 0, 1)[None])
    assert found.shape == (1, 3, SIZE, SIZE)
    # PIL rounds to whole numbers between its two passes: 1 / 255, divided by the smallest standard deviation.
    torch.testing.assert_close(found, expected, rtol=0, atol=1.1 / 255 / min(STD))


def test_a_label_stands_in_the_template(seeing: Context, clip: CLIP) -> None:
    image = _pictures(2)
    written = clip_classify(seeing, clip, image, ["a red circle", "a blue circle"])
    filled = clip_classify(seeing, clip, image, ["red", "blue"], "a {} circle")
    assert filled.probabilities == written.probabilities
    assert set(filled.labels) <= {"red", "blue"}
    assert filled.report.startswith("picture 1: ")
    assert all(sum(row) == pytest.approx(1) for row in filled.probabilities)
    assert clip_score(seeing, clip, image, "red", "a {} circle") == clip_score(seeing, clip, image, "a red circle")


def test_rerank_keeps_the_best_in_order(seeing: Context, clip: CLIP) -> None:
    image = _pictures(6)
    cosines = clip_score(seeing, clip, image, "a red circle").cosines
    order = sorted(range(6), key=lambda k: -cosines[k])
    best = rerank(seeing, clip, image, "a red circle", keep=4)
    assert best.order == order[:4]
    assert best.scores == [cosines[k] for k in order[:4]]
    assert torch.equal(best.image.pixels, image.pixels[order[:4]])
    assert rerank(seeing, clip, image, "a red circle", keep=100).order == order


def test_equals_stay_in_their_order(seeing: Context, clip: CLIP) -> None:
    image = Image(_pictures(1).pixels.expand(4, -1, -1, -1))
    assert rerank(seeing, clip, image, "red", keep=4).order == [0, 1, 2, 3]


def test_search_goes_through_pictures_of_all_sizes(seeing: Context, clip: CLIP) -> None:
    images = [_pictures(2, (9, 30), 1), _pictures(1, (8, 8), 2), _pictures(1, (50, 10), 3)]
    names = ["a", "b", "c", "d"]
    single = [Image(pixels[None]) for image in images for pixels in image.pixels]
    cosines = [clip_score(seeing, clip, image, "green").cosines[0] for image in single]
    order = sorted(range(4), key=lambda k: -cosines[k])
    found = clip_search(seeing, clip, images, "green", names, keep=3)
    assert found.names == [names[k] for k in order[:3]]
    assert found.scores == [cosines[k] for k in order[:3]]
    for image, k in zip(found.images, order, strict=False):
        assert torch.equal(image.pixels, single[k].pixels)
    assert found.captions[0] == f"{found.scores[0]:.3f} {found.names[0]}"
    assert clip_search(seeing, clip, images, "green", keep=1).names == [f"picture {order[0] + 1}"]


def test_a_clip_of_noised_pictures_embeds_texts_and_looks_at_nothing(seeing: Context, clip: CLIP) -> None:
    noised = _clip(seeing, "tiny/noised")
    text = embed_text(seeing, noised, "a red circle")
    assert torch.equal(text.vectors, embed_text(seeing, clip, "a red circle").vectors)
    image = _pictures(1)
    for look in (
        lambda: encode_image(seeing, noised, image),
        lambda: clip_score(seeing, noised, image, "red"),
        lambda: clip_classify(seeing, noised, image, ["red", "blue"]),
        lambda: rerank(seeing, noised, image, "red"),
        lambda: clip_search(seeing, noised, [image], "red"),
    ):
        with pytest.raises(Misfit, match=r"noise on them, for core\.clip_guidance; .* load a plain CLIP"):
            look()


def test_a_text_that_is_too_long_is_cut_with_a_warning(seeing: Context, clip: CLIP) -> None:
    heard: list[str] = []
    listening = replace(seeing, on_warning=heard.append)
    embed_text(listening, clip, "a red circle a blue square a green circle")
    assert heard == ["the prompt has 11 tokens and the encoder reads 8; not read: 'a green circle'"]


def test_what_does_not_fit_is_named_before_any_weights_are_read(seeing: Context, clip: CLIP) -> None:
    image = _pictures(2)
    with pytest.raises(Misfit, match="two or more of them, found 1"):
        clip_classify(seeing, clip, image, ["red"])
    with pytest.raises(Misfit, match="found 2 with 1 names"):
        clip_search(seeing, clip, [image], "red", ["one"])
    with pytest.raises(Misfit, match="found 0 with 0 names"):
        clip_search(seeing, clip, [], "red")
    for fact in ("embedding_space", "max_tokens"):
        poor = replace(clip, facts={name: value for name, value in clip.facts.items() if name != fact})
        with pytest.raises(ModelRefused, match=f"does not say its {fact}"):
            embed_text(seeing, poor, "red")
    assert not any(str(clip.revision) in key and "tokenizer" not in key for key in seeing.warm.keys())  # noqa: SIM118


@pytest.fixture(scope="module")
def shipped() -> Context:
    return Context(folders=Folders(models={f"shapes/{source.name}": source.folder for source in register_models()}))


def test_the_shipped_clip_tells_colours_and_shapes_apart_unseen(shipped: Context) -> None:
    """Zero-shot over all 64 coloured shapes, drawn anew with any background and size: 95 % is the promise."""
    clip = _clip(shipped, "shapes/clip")
    every = [f"{colour} {shape}" for shape, colour in kinds()]
    image = Image(torch.cat([render(f"a {label}", 64, 2, seed=1000 + k).pixels for k, label in enumerate(every)]))
    found = clip_classify(shipped, clip, image, every, "a {}").labels
    right = sum(label == every[k // 2] for k, label in enumerate(found)) / len(found)
    assert right >= 0.95, right


def test_the_shipped_clip_finds_the_one_picture_that_a_text_speaks_of(shipped: Context) -> None:
    clip = _clip(shipped, "shapes/clip")
    prompts = [
        "a large red circle above a small blue square",
        "a large blue circle above a small red square",
        "a large red circle below a small blue square",
        "a small green star on a black background",
    ]
    images = [render(prompt, 48 + 16 * k, seed=7) for k, prompt in enumerate(prompts)]
    for prompt in prompts:
        found = clip_search(shipped, clip, images, prompt, prompts, keep=2)
        assert found.names[0] == prompt
        assert found.scores[0] - found.scores[1] > 0.05
