"""Prompts with weights, and prompts longer than CLIP reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from graph_nodes.errors import Misfit
from graph_nodes.science.prompts import parse_weights
from graph_nodes.text import encode_text

from graph_engine import Context

from .bench import Bench
from .stable_rows import sampled

CASES: list[tuple[str, list[tuple[str, float]]]] = [
    ("", []),
    ("a cat", [("a cat", 1.0)]),
    ("a (red:1.2) cat", [("a ", 1.0), ("red", 1.2), (" cat", 1.0)]),
    ("(a cat)", [("a cat", 1.1)]),
    ("[a cat]", [("a cat", 1 / 1.1)]),
    ("((a)) b", [("a", 1.1 * 1.1), (" b", 1.0)]),
    ("(a (b:2) c:0.5)", [("a ", 0.5), ("b", 1.0), (" c", 0.5)]),
    (r"a \(film\) b", [("a (film) b", 1.0)]),
    ("time 10:30", [("time 10:30", 1.0)]),
    ("(open", [("open", 1.1)]),
    ("close)", [("close)", 1.0)]),
    ("a:b", [("a:b", 1.0)]),
]


@pytest.mark.parametrize(("prompt", "wanted"), CASES, ids=[case for case, _ in CASES])
def test_brackets_weigh_words(prompt: str, wanted: list[tuple[str, float]]) -> None:
    found = parse_weights(prompt)
    assert [text for text, _ in found] == [text for text, _ in wanted]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in wanted])


@pytest.mark.parametrize("family", ["sd15", "sdxl", "sd3"])
def test_weights_of_one_change_nothing_and_others_move_their_words_alone(bench: Bench, family: str) -> None:
    encoder = bench.model(family).text_encoder
    plain = encode_text(bench.context, encoder, "a red cat").tokens
    ones = encode_text(bench.context, encoder, "a (red:1.0) cat", weights=True).tokens
    more = encode_text(bench.context, encoder, "a (red:1.5) cat", weights=True).tokens
    empty = encode_text(bench.context, encoder, "").tokens
    assert torch.equal(plain, ones)
    moved = (more - plain).abs().sum(-1)[0, :77] > 0
    assert moved.nonzero()[:, 0].tolist() == [2, 3, 4]  # the letters of `red` behind the beginning and the `a`
    torch.testing.assert_close(more[:, 2:5], empty[:, 2:5] + 1.5 * (plain[:, 2:5] - empty[:, 2:5]))


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_a_long_prompt_is_read_in_chunks_and_the_negative_one_is_as_long(bench: Bench, family: str) -> None:
    model = bench.model(family)
    warnings: list[str] = []
    context = replace(bench.context, on_warning=warnings.append)
    words = "a cat on a mat and a dog in a fog and a frog on a log and a goat in a boat and a fox in a box of socks, hm"
    words += " and a hare"
    cut = encode_text(context, model.text_encoder, words)
    assert cut.tokens.shape[1] == 77
    assert "not read" in warnings[0]
    warnings.clear()
    whole = encode_text(context, model.text_encoder, words, "ugly", long_prompt=True)
    assert whole.tokens.shape[1] == whole.null_tokens.shape[1] == 2 * 77
    assert warnings == []
    short = encode_text(context, model.text_encoder, "a cat", long_prompt=True)
    assert torch.equal(short.tokens, encode_text(context, model.text_encoder, "a cat").tokens)
    made = sampled(bench, model, steps=2, text={"negative_prompt": words, "long_prompt": True})
    assert torch.isfinite(made.samples).all()


@pytest.mark.parametrize("family", ["karlo", "kandinsky-prior"])
def test_the_mask_of_a_weighted_prompt_counts_its_words_and_not_the_brackets(bench: Bench, family: str) -> None:
    encoder = bench.model(family).text_encoder
    plain = encode_text(bench.context, encoder, "a red cat", "a dog")
    ones = encode_text(bench.context, encoder, "a (red:1.0) cat", "a [dog]", weights=True)
    more = encode_text(bench.context, encoder, "a (red:1.5) cat", weights=True)
    assert torch.equal(plain.tokens, ones.tokens)
    assert torch.equal(plain.mask, ones.mask)
    assert torch.equal(plain.mask, more.mask)
    assert torch.equal(plain.null_mask, ones.null_mask)
    assert not torch.equal(plain.tokens, more.tokens)


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize(("family", "lengths"), [("sdxl", 1), ("karlo", 1), ("kandinsky-prior", 1), ("sd3", 2)])
def test_what_is_cut_is_told_once_for_each_length(bench: Bench, family: str, lengths: int, weights: bool) -> None:
    heard: list[str] = []
    context = replace(bench.context, on_warning=heard.append)
    encode_text(context, bench.model(family).text_encoder, "a cat and a dog " * 40, weights=weights)
    assert len(heard) == lengths, heard
    assert all("not read" in message for message in heard)


UNKNOWN: list[tuple[str, dict[str, Any], str]] = [
    ("flux-dev", {"clip_skip": 1}, "knows no clip_skip; leave it off"),
    ("karlo", {"clip_skip": 1}, "knows no clip_skip; leave it off"),
    ("kandinsky-prior", {"clip_skip": 2, "weights": True}, "knows no clip_skip; leave it off"),
    ("if-1", {"clip_skip": 1}, "knows no clip_skip; leave it off"),
    ("dalle-t5", {"clip_skip": 1}, "knows neither weights nor clip_skip; leave both off"),
    ("dalle-t5", {"weights": True}, "knows neither weights nor clip_skip; leave both off"),
    ("dalle", {"weights": True}, "knows neither weights nor clip_skip; leave both off"),
    ("dalle-bart", {"weights": True}, "knows neither weights nor clip_skip; leave both off"),
]


@pytest.mark.parametrize(("family", "switches", "told"), UNKNOWN)
def test_a_switch_that_an_encoder_does_not_know_is_refused_before_a_weight_is_read(
    bench: Bench, family: str, switches: dict[str, Any], told: str
) -> None:
    encoder = bench.model(family).text_encoder
    context = Context(folders=bench.context.folders)
    with pytest.raises(Misfit, match=f"the encoder of '{family}' {told}"):
        encode_text(context, encoder, "a cat", **switches)
    assert context.warm.keys() == []


@pytest.mark.parametrize(("family", "most"), [("sd15", 3), ("sdxl", 2), ("sd3", 2)])
def test_a_clip_skip_that_leaves_no_layer_is_told_the_largest(bench: Bench, family: str, most: int) -> None:
    encoder = bench.model(family).text_encoder
    encode_text(bench.context, encoder, "a cat", clip_skip=most)
    told = f"clip_skip {most + 1} leaves no layer of an encoder of 3; the largest here is {most}"
    with pytest.raises(Misfit, match=told):
        encode_text(bench.context, encoder, "a cat", clip_skip=most + 1)


def test_what_cannot_be_read_in_chunks_says_so(bench: Bench) -> None:
    with pytest.raises(Misfit, match="cannot read a prompt in chunks"):
        encode_text(bench.context, bench.model("sd3").text_encoder, "a cat", long_prompt=True)
