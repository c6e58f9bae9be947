"""GLIDE's noised CLIP: two files at full size, its words, what it sees, and what does not fit."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import regex
import torch
from graph_nodes.binding import inpaint_condition
from graph_nodes.checkpoints.glide_clip import CLIP, convert
from graph_nodes.checkpoints.glide_clip_names import published_image_tower, published_text_tower
from graph_nodes.checkpoints.inspecting import describe
from graph_nodes.checkpoints.single_file import CONFIGS
from graph_nodes.checkpoints.tiny.glide_clip import TINY_CLIP
from graph_nodes.checkpoints.tiny.text import ENDS, byte_letters, clip_tokenizer
from graph_nodes.clip import clip_classify, embed_text, encode_image, rerank
from graph_nodes.diffusion import denoise
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.guidance import clip_guidance
from graph_nodes.memory_options import keep_in_host
from graph_nodes.models import load_model
from graph_nodes.science.glide_clip import GlideNoisedCLIP
from graph_nodes.text import encode_text
from graph_nodes.weights import module_of
from safetensors.torch import load_file, save_file

from graph_engine import Context, Folders, Image, WarmStore

from .bench import Bench, picture, right_half

TOWERS = {"image": published_image_tower, "text": published_text_tower}


def test_every_tensor_of_both_published_files_has_its_place_and_its_shape() -> None:
    with torch.device("meta"):
        files = {tower: {name: torch.empty(shape) for name, shape in of(CLIP)} for tower, of in TOWERS.items()}
        whole = GlideNoisedCLIP.from_config(CLIP.config())
        made = convert("image", files["image"]) | convert("text", files["text"])
    wanted = {name: tuple(tensor.shape) for name, tensor in whole.state_dict().items()}
    assert {name: tuple(tensor.shape) for name, tensor in made.items()} == wanted
    millions = {tower: sum(tensor.numel() for tensor in file.values()) / 1e6 for tower, file in files.items()}
    assert {tower: round(count, 1) for tower, count in millions.items()} == {"image": 86.4, "text": 71.7}
    assert json.loads((CONFIGS / "glide-clip" / "clip" / "config.json").read_bytes()) == CLIP.config()


@pytest.mark.parametrize("tower", TOWERS)
def test_a_tensor_of_another_network_is_named(tower: str) -> None:
    with pytest.raises(KeyError, match=f"'blocks.block_0.f_attn.f_x.w' is no tensor of the {tower} tower"):
        convert(tower, {"blocks.block_0.f_attn.f_x.w": torch.zeros(1)})


def test_either_file_names_the_whole(bench: Bench) -> None:
    bench.path("glide")
    embedded = [
        embed_text(bench.context, load_model(bench.context, f"glide/clip_{tower}_enc.safetensors").clip, "a cat")
        for tower in TOWERS
    ]
    assert torch.equal(embedded[0].vectors, embedded[1].vectors)
    facts = describe("it", bench.path("glide") / "clip_text_enc.safetensors")
    count = sum(torch.Size(shape).numel() for of in TOWERS.values() for _, shape in of(TINY_CLIP))
    assert [(part.kind, part.space, part.parameters) for part in facts.parts] == [("CLIP", "glide-clip", count)]


def _without_text(folder: Path) -> str:
    (folder / "clip_text_enc.safetensors").unlink()
    return "clip_image_enc"


def _without_image(folder: Path) -> str:
    (folder / "clip_image_enc.safetensors").unlink()
    return "clip_text_enc"


def _renamed(folder: Path) -> str:
    (folder / "clip_image_enc.safetensors").rename(folder / "seeing.safetensors")
    return "seeing"


def _twice_the_same(folder: Path) -> str:
    shutil.copy(folder / "clip_image_enc.safetensors", folder / "clip_text_enc.safetensors")
    return "clip_image_enc"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_without_text, "needs its text tower too: no clip_text_enc.safetensors lies beside it"),
        (_without_image, "needs its image tower too: no clip_image_enc.safetensors lies beside it"),
        (_renamed, r"no clip_text_enc.safetensors \(and this one clip_image_enc\) lies beside it"),
        (_twice_the_same, "clip_text_enc.safetensors is not the text tower"),
    ],
)
def test_one_tower_without_the_other_is_refused(
    bench: Bench, tmp_path: Path, spoil: Callable[[Path], str], said: str
) -> None:
    folder = _copied(bench, tmp_path)
    with pytest.raises(ModelRefused, match=said):
        load_model(_context(tmp_path), f"glide/{spoil(folder)}.safetensors")


def test_a_tensor_that_a_file_lacks_is_named(bench: Bench, tmp_path: Path) -> None:
    path = _copied(bench, tmp_path) / "clip_text_enc.safetensors"
    tensors = load_file(path)
    del tensors["blocks.output.f.w"]
    save_file(tensors, path)
    said = r"clip_text_enc.safetensors lacks 1 of the 35 tensors of its text tower, such as blocks.output.f.w"
    with pytest.raises(ModelRefused, match=said):
        load_model(_context(tmp_path), "glide/clip_image_enc.safetensors")


def test_without_configs_beside_them_two_files_are_the_published_ones(bench: Bench, tmp_path: Path) -> None:
    folder = _copied(bench, tmp_path)
    shutil.rmtree(folder / "clip_image_enc.configs")
    said = "clip_image_enc.safetensors lacks 150 of the 188 tensors of its image tower, such as blocks.block_2"
    with pytest.raises(ModelRefused, match=said):
        load_model(_context(tmp_path), "glide/clip_image_enc.safetensors")
    for tower, of in TOWERS.items():
        _write_hollow(folder / f"clip_{tower}_enc.safetensors", dict(of(CLIP)))
    context = _context(tmp_path)
    clip = load_model(context, "glide/clip_image_enc.safetensors").clip
    assert (clip.facts["image_size"], clip.facts["vocabulary"]) == (64, 65536)
    with pytest.raises(ModelRefused, match="tokenizers/clip"):
        embed_text(context, clip, "a cat")


def _write_hollow(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """A file of weights that are all holes: the disk keeps its header alone."""
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    data = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(data).to_bytes(8, "little") + data)
        file.truncate(8 + len(data) + end)


@pytest.mark.parametrize(
    "change",
    [{"projection": "wide"}, {"text": {"vocabulary": 5, "colour": 3}}, {"image": {"layers": 10**9}}, {"text": 3}],
)
def test_a_config_that_describes_no_such_clip_is_refused(
    bench: Bench, tmp_path: Path, change: dict[str, object]
) -> None:
    path = _copied(bench, tmp_path) / "clip_image_enc.configs" / "clip" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **change}), encoding="utf-8")
    with pytest.raises(ModelRefused, match="describes no noised CLIP of GLIDE's"):
        load_model(_context(tmp_path), "glide/clip_image_enc.safetensors")


def test_offloaded_towers_compute_the_same(bench: Bench) -> None:
    own = Context(folders=bench.context.folders, warm=WarmStore())
    clip, whole = load_model(own, _path(bench)).clip, module_of(bench.context, _clip(bench))
    module = keep_in_host(module_of(own, clip), "cpu")
    assert {parameter.device.type for parameter in module.parameters()} == {"meta"}
    x = picture(16, 16).pixels * 2 - 1
    assert torch.equal(module.see(x, 300.0), whole.see(x, 300.0))
    text = embed_text(own, clip, "a cat").vectors
    assert torch.equal(text, embed_text(bench.context, _clip(bench), "a cat").vectors)


def test_a_change_of_the_second_file_is_another_model(bench: Bench, tmp_path: Path) -> None:
    folder = _copied(bench, tmp_path)
    before = load_model(_context(tmp_path), "glide/clip_image_enc.safetensors").clip
    tensors = load_file(folder / "clip_text_enc.safetensors")
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, folder / "clip_text_enc.safetensors")
    assert load_model(_context(tmp_path), "glide/clip_image_enc.safetensors").clip.revision != before.revision


def test_it_judges_clean_pictures_too(bench: Bench) -> None:
    clip = _clip(bench)
    pictures = Image(torch.cat([picture(20, 30, seed=seed).pixels for seed in (1, 2, 3)]))
    vectors = encode_image(bench.context, clip, pictures).vectors
    assert vectors.shape == (3, TINY_CLIP.projection)
    ranked = rerank(bench.context, clip, pictures, "a red cat", keep=2)
    text = embed_text(bench.context, clip, "a red cat").vectors
    cosines = torch.cosine_similarity(vectors, text)
    assert ranked.scores == pytest.approx(cosines.sort(descending=True).values[:2].tolist(), abs=1e-6)
    labels = ["a red cat", "a blue dog"]
    texts = torch.cat([embed_text(bench.context, clip, label).vectors for label in labels])
    wanted = (100 * torch.cosine_similarity(vectors[0], texts)).softmax(0).tolist()
    assert clip_classify(bench.context, clip, pictures, labels).probabilities[0] == pytest.approx(wanted, abs=1e-4)


def test_what_it_sees_depends_on_the_timestep_and_one_between_two_is_rounded(bench: Bench) -> None:
    module, x = module_of(bench.context, _clip(bench)), picture(16, 16).pixels * 2 - 1
    seen = [module.see(x, t) for t in (0.0, 1.0, 500.0, 999.0)]
    assert all(not torch.allclose(a, b, atol=1e-3) for a, b in itertools.pairwise(seen))
    assert torch.equal(module.see(x, 499.6), seen[2])
    assert torch.equal(module.see(x, 1000.0), seen[3])


def test_it_computes_in_single_precision_as_it_was_published(bench: Bench) -> None:
    context = Context(folders=bench.context.folders, dtype="float16")
    clip = load_model(context, _path(bench)).clip
    assert module_of(context, clip).text.positional_embedding.dtype == torch.float32


def test_guidance_moves_towards_the_text(bench: Bench) -> None:
    """CLIP's own logit of the picture rises with the scale, with the ancestral sampler and with ddim."""
    clip, model = _clip(bench), load_model(bench.context, "glide/base.safetensors")
    text = encode_text(bench.context, model.text_encoder, "a cat")
    target = embed_text(bench.context, clip, "a cat")
    module = module_of(bench.context, clip)
    for scheduler in ("published", "ddim"):
        logits = []
        for scale in (0.0, 3.0):
            guide = clip_guidance(clip, target, scale=scale)
            made = denoise(bench.context, model.denoiser, text, guide, steps=10, scheduler=scheduler, count=2)
            logits.append(float(torch.cosine_similarity(module.see(made.samples, 0.0), target.vectors).mean()))
        assert logits[1] > logits[0] + 0.05, scheduler


def test_a_model_of_another_size_is_not_guided(bench: Bench) -> None:
    clip, model = _clip(bench), load_model(bench.context, "glide/base_inpaint.safetensors")
    guide = clip_guidance(clip, embed_text(bench.context, clip, "a cat"))
    text = encode_text(bench.context, model.text_encoder, "a cat")
    shown = inpaint_condition(model.denoiser, picture(64, 64), right_half(64, 64))
    with pytest.raises(Misfit, match=r"works on 'pixel' of 64 x 64, but .* reads pixels of 16 x 16"):
        denoise(bench.context, shown, text, guide, steps=1, scheduler="published")


def test_a_vocabulary_of_another_model_is_told_by_its_size(bench: Bench, tmp_path: Path) -> None:
    words = _copied(bench, tmp_path) / "clip_image_enc.configs" / "tokenizer" / "vocab.json"
    given = json.loads(words.read_text(encoding="utf-8"))
    words.write_text(json.dumps({word: number + 1000 for word, number in given.items()}), encoding="utf-8")
    context = _context(tmp_path)
    clip = load_model(context, "glide/clip_image_enc.safetensors").clip
    with pytest.raises(ModelRefused, match="knows 520 tokens, but its vocabulary has token 15"):
        embed_text(context, clip, "a cat")


MERGES = [("c", "a"), ("ca", "t</w>"), ("r", "e"), ("re", "d</w>"), ("'", "s</w>"), ("t", "h"), ("th", "e")]
PROMPTS = {
    "a red cat": True,
    "  A  Red\tCAT's hat,\nit's 12 o'clock!": True,
    "caf\u00e9 na\u00efve \u2014 \u6771\u4eac \U0001f431": True,
    "they'll  re-read (red:1.2) x_1..2 \u00bd": True,
    "": True,
    "cat " * 100: True,
    "cat &amp; dog": False,
}
"""Prompt -> whether the tokenizer of transformers gives what GLIDE's SimpleTokenizer gives. It does not undo what web
pages do to a text, as ftfy and html.unescape do there."""


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_words_of_clips_tokenizer_are_those_that_glide_was_trained_with(tmp_path: Path, prompt: str) -> None:
    import html

    from transformers import AutoTokenizer

    clip_tokenizer(tmp_path / "words")
    letters = byte_letters()
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(pair) for pair in MERGES), *ENDS]
    ids = {word: number for number, word in enumerate(vocabulary)}
    (tmp_path / "words" / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in MERGES), ""]
    (tmp_path / "words" / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    tokenizer: Any = AutoTokenizer.from_pretrained(tmp_path / "words", local_files_only=True)
    made = tokenizer(prompt, padding="max_length", max_length=77, truncation=True)
    length = sum(made.attention_mask)
    inner = _simple_tokenizer(html.unescape(prompt), ids)[: 77 - 2]
    assert (made.input_ids[:length] == [ids[ENDS[0]], *inner, ids[ENDS[1]]]) is PROMPTS[prompt]


def _simple_tokenizer(text: str, ids: dict[str, int]) -> list[int]:
    """SimpleTokenizer.encode of glide_text2im/tokenizer, written anew, without ftfy."""
    kinds = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    letters = dict(zip((*range(33, 127), *range(161, 173), *range(174, 256)), byte_letters(), strict=False))
    others = [byte for byte in range(256) if byte not in letters]
    letters |= {byte: byte_letters()[-len(others) + k] for k, byte in enumerate(others)}
    found = []
    for word in regex.findall(kinds, " ".join(text.split()).lower(), regex.IGNORECASE):
        pieces = [letters[byte] for byte in word.encode()]
        pieces[-1] += "</w>"
        for pair in MERGES:  # the earlier a pair, the sooner it is merged; a merge makes only later pairs possible
            k = 0
            while k + 1 < len(pieces):
                if (pieces[k], pieces[k + 1]) == pair:
                    pieces[k : k + 2] = ["".join(pair)]
                k += 1
        found += [ids[piece] for piece in pieces]
    return found


def _path(bench: Bench) -> str:
    bench.path("glide")
    return "glide/clip_image_enc.safetensors"


def _clip(bench: Bench) -> Any:
    return load_model(bench.context, _path(bench)).clip


def _copied(bench: Bench, folder: Path) -> Path:
    shutil.copytree(bench.path("glide"), folder / "glide")
    return folder / "glide"


def _context(folder: Path) -> Context:
    return Context(folders=Folders(model_roots=(folder,)))
