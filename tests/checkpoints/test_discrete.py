"""Models of DALL-E's kind: what does not fit is refused by name, what two parts share is in memory once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from graph_nodes.clip import rerank
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.models import load_model
from graph_nodes.text import encode_text
from graph_nodes.tokens import decode_tokens, encode_tokens, generate_tokens
from graph_nodes.weights import module_of

from graph_engine import Context, Folders

from .bench import Bench, picture

INDEX, TRANSFORMER, CODES = "model_index.json", "transformer/config.json", "vqvae/config.json"


@pytest.fixture
def edited(bench: Bench, tmp_path: Path) -> Callable[..., Context]:
    """A context that finds an edited copy of a tiny model as `mine`."""

    def edit(family: str, file: str, **changes: Any) -> Context:
        shutil.copytree(bench.path(family), tmp_path / "mine")
        path = tmp_path / "mine" / file
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        return Context(folders=Folders(model_roots=(tmp_path,)))

    return edit


REFUSED: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "no transformer": ("dalle", INDEX, {"transformer": [None, None]}, "has no 'transformer'; it has tokenizer, vqvae"),
    "no tokenizer": ("dalle", INDEX, {"tokenizer": [None, None]}, "has no 'tokenizer'"),
    "a transformer that writes all codes at once": (
        *("dalle", INDEX, {"transformer": ["diffusers", "UVit2DModel"]}),
        "its transformer is a UVit2DModel, .* without a text_encoder; wanted is one of GPT2LMHeadModel, Llama",
    ),
    "a decoder that cannot look": (
        *("dalle-t5", INDEX, {"transformer": ["transformers", "LlamaForCausalLM"]}),
        "LlamaForCausalLM, .* beside a text_encoder; wanted is one of BartForCausalLM, .* with cross-attention",
    ),
    "a codebook of another model": (
        *("dalle", CODES, {"num_vq_embeddings": 8192}),
        "its transformer knows 579 tokens, which do not hold the 8192 codes of its vqvae from token 0 on",
    ),
    "codes said to be beyond the vocabulary": (
        *("dalle", INDEX, {"image_token_offset": 516}),
        "knows 579 tokens, which do not hold the 64 codes of its vqvae from token 516 on",
    ),
    "codes that cannot be looked up": (
        *("dalle", CODES, {"lookup_from_codebook": False}),
        "of the class VQModel, decodes no codes; wanted is a VQModel with lookup_from_codebook",
    ),
    "another autoencoder": (
        "dalle",
        INDEX,
        {"vqvae": ["diffusers", "AutoencoderKL"]},
        "its vqvae, of the class AutoencoderKL",
    ),
    "no size": ("dalle", CODES, {"sample_size": None}, "does not say how many codes a picture has"),
    "too few places": (
        *("dalle", TRANSFORMER, {"max_position_embeddings": 60}),
        "its transformer has 60 places, too few for the 64 codes of a picture and a text",
    ),
    "nothing to begin with": (
        *("dalle-bart", TRANSFORMER, {"decoder_start_token_id": None}),
        "the transformer's config does not say its decoder_start_token_id",
    ),
    "a text encoder of another width": (
        *("dalle-t5", "text_encoder/config.json", {"d_model": 48}),
        "its text_encoder gives 48 numbers for each token and its transformer reads 32",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_parts_that_do_not_fit_are_refused_before_any_weight_is_read(case: str, edited: Any) -> None:
    family, file, changes, message = REFUSED[case]
    context = edited(family, file, **changes)
    with pytest.raises(ModelRefused, match=message):
        load_model(context, "mine")
    assert [key for key in context.warm.keys() if not key.startswith("digest:")] == []  # noqa: SIM118


def test_a_tokenizer_with_more_words_than_the_model_has_text_is_refused_before_any_weight(edited: Any) -> None:
    context = edited("dalle", INDEX, image_token_offset=400)
    encoder = load_model(context, "mine").text_encoder
    with pytest.raises(ModelRefused, match="knows 400 tokens of text, but its tokenizer has token 513"):
        encode_text(context, encoder, "a cat")
    assert not any("Llama" in key or ":cpu" in key for key in context.warm.keys())  # noqa: SIM118


def test_text_and_codes_of_another_model_are_refused(bench: Bench) -> None:
    one, two = bench.model("dalle"), bench.model("dalle-bart")
    text = encode_text(bench.context, one.text_encoder, "a cat")
    with pytest.raises(Misfit, match="wants text of the space 'dalle-bart', found 'dalle'"):
        generate_tokens(bench.context, two.token_model, text)
    codes = generate_tokens(bench.context, one.token_model, text)
    with pytest.raises(Misfit, match="draws tokens of the codebook 'dalle-bart', found 'dalle'"):
        decode_tokens(bench.context, two.image_tokenizer, codes)


@pytest.mark.parametrize("family", ["dalle", "dalle-bart"])
def test_a_transformer_that_reads_its_text_itself_is_in_memory_once(bench: Bench, family: str) -> None:
    model = bench.model(family)
    assert module_of(bench.context, model.text_encoder) is module_of(bench.context, model.token_model)


@pytest.mark.parametrize("family", ["dalle", "dalle-bart", "dalle-t5"])
def test_the_best_of_a_guided_batch_are_those_of_single_seeds(bench: Bench, family: str) -> None:
    model, clip = bench.model(family), bench.model("clip").clip
    text = encode_text(bench.context, model.text_encoder, "a cat", "a dog")
    together = generate_tokens(bench.context, model.token_model, text, scale=3.0, count=3, seed=5)
    assert len({tuple(row) for row in together.ids.tolist()}) == 3
    for k in range(3):
        alone = generate_tokens(bench.context, model.token_model, text, scale=3.0, seed=5 + k)
        assert torch.equal(alone.ids[0], together.ids[k])
    drawn = decode_tokens(bench.context, model.image_tokenizer, together)
    best = rerank(bench.context, clip, drawn, "a cat", keep=2)
    assert torch.equal(best.image.pixels, drawn.pixels[best.order])
    assert best.scores == sorted(best.scores, reverse=True)


def test_an_autoencoder_of_unsigned_pixels_reads_and_draws_them_so(bench: Bench, edited: Any) -> None:
    """aMUSEd's was trained on 0..1, which the index says as the image processor of its pipeline does."""
    context = edited("dalle", INDEX, do_normalize=False)
    tokenizer = load_model(context, "mine").image_tokenizer
    network, shown = module_of(context, tokenizer), picture(32, 32)
    codes = encode_tokens(context, tokenizer, shown)
    with torch.no_grad():
        ids = network.quantize(network.encode(shown.pixels).latents)[2][2].view(1, -1)
        drawn = network.decode(ids, force_not_quantize=True, shape=(1, 8, 8, 4)).sample
    assert torch.equal(codes.ids, ids)
    assert torch.equal(decode_tokens(context, tokenizer, codes).pixels, drawn.clamp(0, 1))
    signed = encode_tokens(bench.context, bench.model("dalle").image_tokenizer, shown)
    assert not torch.equal(codes.ids, signed.ids)
