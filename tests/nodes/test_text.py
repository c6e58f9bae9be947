"""core.encode_text against the encoder called by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from graph_nodes.diffusion import denoise
from graph_nodes.errors import Misfit
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.models import load_model
from graph_nodes.text import batch_text, encode_text

from graph_engine import Context, TextEncoder


def _encoder(context: Context) -> TextEncoder:
    encoder = load_model(context, "tiny/glide").text_encoder
    assert encoder is not None
    return encoder


def test_an_encoding_is_what_transformers_gives(context: Context) -> None:
    from transformers import AutoTokenizer, CLIPTextModelWithProjection

    folder = context.folders.models["tiny/glide"]
    module = CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder / "../tokenizer")

    text = encode_text(context, _encoder(context), "a red circle", "blue")
    for prompt, tokens, pooled in (
        ("a red circle", text.tokens, text.pooled),
        ("blue", text.null_tokens, text.null_pooled),
    ):
        ids = tokenizer(prompt, padding="max_length", max_length=8, return_tensors="pt").input_ids
        with torch.no_grad():
            output = module(ids)
        assert torch.equal(tokens, output.last_hidden_state)
        assert torch.equal(pooled, output.text_embeds)
    assert (text.space, text.prompts, text.mask) == ("tiny", ("a red circle",), None)
    assert text.tokens.shape == (1, 8, 16)


def test_the_empty_prompt_is_the_default_to_push_away_from(context: Context) -> None:
    encoder = _encoder(context)
    text, empty = encode_text(context, encoder, "a red circle"), encode_text(context, encoder, "")
    assert torch.equal(text.null_tokens, empty.tokens)
    assert torch.equal(text.null_pooled, empty.pooled)


def test_a_mask_is_kept_where_the_model_uses_one(context: Context) -> None:
    encoder = _encoder(context)
    masked = replace(encoder, facts={**encoder.facts, "attention_mask": True})
    text = encode_text(context, masked, "a red circle")
    assert text.mask is not None
    assert text.mask.tolist() == [[True] * 5 + [False] * 3]


def test_a_prompt_that_is_too_long_is_cut_with_a_warning_that_names_the_loss(context: Context) -> None:
    heard: list[str] = []
    listening = replace(context, on_warning=heard.append)
    prompt = "a red circle a blue square a green circle"
    long = encode_text(listening, _encoder(context), prompt)
    assert heard == ["the prompt has 11 tokens and the encoder reads 8; not read: 'a green circle'"]
    assert torch.equal(long.tokens, encode_text(context, _encoder(context), "a red circle a blue square").tokens)


def test_a_batch_of_prompts_draws_the_picture_of_each(context: Context) -> None:
    model = load_model(context, "tiny/glide")
    assert model.text_encoder is not None
    assert model.denoiser is not None
    texts = [encode_text(context, model.text_encoder, prompt) for prompt in ("a red circle", "a blue square")]
    together = denoise(context, model.denoiser, batch_text(texts), classifier_free_guidance(2.0), steps=3, seed=5)
    for k, text in enumerate(texts):
        alone = denoise(context, model.denoiser, text, classifier_free_guidance(2.0), steps=3, seed=5 + k)
        torch.testing.assert_close(together.samples[k : k + 1], alone.samples, rtol=0, atol=1e-5)


def test_a_batch_wants_one_encoder_and_one_negative_prompt(context: Context) -> None:
    encoder = load_model(context, "tiny/glide").text_encoder
    assert encoder is not None
    text = encode_text(context, encoder, "a red circle")
    with pytest.raises(Misfit, match="must be of one space, found 'tiny' and 'other'"):
        batch_text([text, replace(text, space="other")])
    with pytest.raises(Misfit, match="share the negative prompt"):
        batch_text([text, encode_text(context, encoder, "a red circle", "a blue square")])
