"""A vocabulary that is missing or broken is told by its file, with where another one comes from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from graph_nodes.clip import embed_text
from graph_nodes.errors import ModelRefused
from graph_nodes.models import load_model
from graph_nodes.text import encode_text

from graph_engine import Context, Folders

from .bench import Bench

BROKEN: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    "cut short": (
        "sd15",
        lambda f: (f / "tokenizer/vocab.json").write_text('{"a": 1, "b'),
        r"the model 'odd' has a broken tokenizer: \S+odd/tokenizer/vocab.json is no JSON \(Unterminated string",
    ),
    "empty": ("sd15", lambda f: (f / "tokenizer/vocab.json").write_text(""), "tokenizer/vocab.json is no JSON"),
    "no words": ("sd15", lambda f: (f / "tokenizer/vocab.json").write_text("{}"), "odd/tokenizer: Unk token"),
    "no merges": (
        "sd15",
        lambda f: (f / "tokenizer/merges.txt").unlink(),
        "odd/tokenizer has a vocab.json without its merges.txt; fetch the model anew",
    ),
    "T5's, cut short": (
        "flux-dev",
        lambda f: (f / "tokenizer_2/tokenizer.json").write_text("{"),
        "odd/tokenizer_2/tokenizer.json is no JSON",
    ),
    "T5's older one": (
        "if-1",
        lambda f: (f / "tokenizer/spiece.model").write_bytes(b"xx"),
        r"odd/tokenizer: .*Unigram",
    ),
    "missing": (
        "sd15",
        lambda f: (f / "tokenizer/vocab.json").unlink(),
        r"no vocabulary for its tokenizer: wanted is vocab.json, tokenizer.json or spiece.model in \S+odd/tokenizer; "
        "its download may be incomplete",
    ),
    "missing in a folder of one component": (
        "clip",
        lambda f: (f / "vocab.json").unlink(),
        r"wanted is .* in \S+/odd;",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_vocabulary_is_told_by_its_file(bench: Bench, tmp_path: Path, case: str) -> None:
    family, change, told = BROKEN[case]
    shutil.copytree(bench.path(family), tmp_path / "odd")
    change(tmp_path / "odd")
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    model = load_model(context, "odd")
    read = partial(embed_text, context, model.clip) if model.clip else partial(encode_text, context, model.text_encoder)
    with pytest.raises(ModelRefused, match=told) as refused:
        read("a cat")
    assert "single file" not in str(refused.value)


def test_a_single_file_says_where_its_vocabulary_is_looked_for(bench: Bench, tmp_path: Path) -> None:
    (file,) = (path for path in bench.path("sd15-file").rglob("*.safetensors"))
    shutil.copy(file, tmp_path / "odd.safetensors")
    for configs in file.parent.glob("*.configs"):
        shutil.copytree(configs, tmp_path / "odd.configs", ignore=shutil.ignore_patterns("vocab.json", "merges.txt"))
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    encoder = load_model(context, "odd.safetensors").text_encoder
    with pytest.raises(ModelRefused, match=f"as no single file does; copy .* to {tmp_path}/tokenizers/clip"):
        encode_text(context, encoder, "a cat")
