"""Token models against transformers and diffusers: draws, guidance, both architectures, the codebook."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.models import load_model
from graph_nodes.priors import decode_embedding
from graph_nodes.science import tokens as science
from graph_nodes.text import batch_text, encode_text
from graph_nodes.tokens import decode_tokens, encode_tokens, generate_tokens
from torch import Tensor
from torch.nn import functional

from graph_engine import (
    Context,
    Denoiser,
    Folders,
    Image,
    ImageTokenizer,
    Latents,
    TextEmbedding,
    TextEncoder,
    TokenModel,
    Tokens,
)
from graph_engine.errors import Cancelled

CODES, WIDTH, GRID = 12, 16, [2, 2]
WORDS = 10
LENGTH = 4


def _gpt2(vocabulary: int, **more: Any) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"n_embd": WIDTH, "n_layer": 2, "n_head": 2, "n_positions": 24, **more}
    return GPT2LMHeadModel(GPT2Config(vocab_size=vocabulary, bos_token_id=0, eos_token_id=0, **sizes))


def _bart() -> Any:
    from transformers import BartConfig, BartForCausalLM

    sizes = {"d_model": WIDTH, "decoder_layers": 2, "decoder_attention_heads": 2, "decoder_ffn_dim": 32}
    ids = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None, "decoder_start_token_id": CODES}
    return BartForCausalLM(BartConfig(vocab_size=CODES + 1, max_position_embeddings=24, **sizes, **ids))


def _vq(**more: Any) -> Any:
    from diffusers import VQModel

    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    sizes = {"block_out_channels": (8, 16), "norm_num_groups": 4, "latent_channels": 4, "vq_embed_dim": 4}
    return VQModel(num_vq_embeddings=CODES, **blocks, **sizes, **{"lookup_from_codebook": True, **more})


def _token_model(folder: str, **facts: Any) -> dict[str, Any]:
    common = {"kind": "TokenModel", "class": "GPT2LMHeadModel", "folder": folder, "codebook": "tiny-vq"}
    return common | {"vocabulary": CODES, "grid": GRID, "text_space": "tiny", "architecture": "decoder_only"} | facts


def _tokenizer_part(**facts: Any) -> dict[str, Any]:
    common = {"kind": "ImageTokenizer", "class": "VQModel", "folder": "vq", "codebook": "tiny-vq"}
    return common | {"vocabulary": CODES, "grid": GRID, "image_size": 4} | facts


TEXT = {
    "kind": "TextEncoder",
    "class": "GPT2LMHeadModel",
    "folder": "lm",
    "tokenizer": "../tokenizer",
    "text_space": "tiny-lm",
    "max_tokens": 8,
    "states": "input_embeddings",
    "text_offset": CODES,
}


def _save(folder: Path, parts: dict[str, Any], networks: dict[str, Any]) -> Path:
    for name, network in networks.items():
        # Sharper than at initialisation, where all tokens are about as likely.
        for parameter in network.parameters() if name == "lm" else ():
            parameter.data.mul_(6.0 if parameter.ndim == 2 else 1.0)
        network.save_pretrained(folder / name)
    folder.mkdir(exist_ok=True)
    (folder / "model.json").write_text(json.dumps({"format": 1, "parts": parts}))
    return folder


@pytest.fixture(scope="session")
def tiny_tokens(tiny_glide: Path) -> dict[str, Path]:
    """Models shaped like DALL-E, Parti and unCLIP's autoregressive prior, and a diffusion prior."""
    from diffusers import DDIMScheduler, PriorTransformer
    from safetensors.torch import save_file

    torch.manual_seed(11)
    root = tiny_glide.parent
    dalle = {"text_encoder": TEXT, "token_model": _token_model("lm", text_space="tiny-lm")}
    parti = _token_model("lm", architecture="encoder_decoder", start_token=CODES)
    bart = {"token_model": parti | {"class": "BartForCausalLM"}}
    prior = _token_model("lm", codebook="tiny-pca", grid=[3], vocabulary=5, pooled_position=True)
    prior |= {"quantizer": "quantizer", "embedding_space": "tiny-clip"}
    diffusion = {"kind": "Denoiser", "class": "PriorTransformer", "folder": "net", "scheduler": "scheduler"}
    diffusion |= {"space": "tiny-clip", "shape": [WIDTH], "text_space": "tiny", "conditions": ["text"]}
    folders = {
        "tiny/dalle": _save(
            root / "dalle",
            {**dalle, "image_tokenizer": _tokenizer_part()},
            {"lm": _gpt2(CODES + WORDS), "vq": _vq()},
        ),
        "tiny/parti": _save(root / "parti", {"token_model": parti}, {"lm": _gpt2(CODES + 1, add_cross_attention=True)}),
        "tiny/bart": _save(root / "bart", bart, {"lm": _bart()}),
        "tiny/ar": _save(root / "ar", {"token_model": prior}, {"lm": _gpt2(5)}),
        "tiny/nolookup": _save(
            root / "nolookup", {"image_tokenizer": _tokenizer_part()}, {"vq": _vq(lookup_from_codebook=False)}
        ),
    }
    net = PriorTransformer(2, 8, 1, embedding_dim=WIDTH, num_embeddings=8)
    net.clip_mean.data.normal_()
    net.clip_std.data.uniform_(0.5, 2.0)
    folders["tiny/prior"] = _save(root / "prior", {"denoiser": diffusion}, {"net": net, "scheduler": DDIMScheduler()})
    (root / "ar" / "quantizer").mkdir()
    table = {"mean": torch.randn(WIDTH), "components": torch.randn(3, WIDTH), "levels": torch.randn(3, 5)}
    save_file(table, root / "ar" / "quantizer" / "quantizer.safetensors")
    return folders


@pytest.fixture
def knowing(context: Context, tiny_tokens: dict[str, Path]) -> Context:
    """A context that knows these models too."""
    return Context(folders=Folders(models={**context.folders.models, **tiny_tokens}))


def _encoder(context: Context, name: str) -> TextEncoder:
    found = load_model(context, name).text_encoder
    assert found is not None
    return found


def _writer(context: Context, name: str) -> TokenModel:
    found = load_model(context, name).token_model
    assert found is not None
    return found


def _tokenizer(context: Context, name: str = "tiny/dalle") -> ImageTokenizer:
    found = load_model(context, name).image_tokenizer
    assert found is not None
    return found


def _asked(context: Context, name: str) -> tuple[TokenModel, TextEmbedding]:
    encoder = _encoder(context, "tiny/dalle" if name == "tiny/dalle" else "tiny/glide")
    return _writer(context, name), encode_text(context, encoder, "a red circle")


def _logits(generator: torch.Generator) -> Tensor:
    return 3 * torch.randn(4, 50, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("top_k", [0, 1, 7, 50])
@pytest.mark.parametrize("top_p", [0.0, 0.3, 0.9, 1.0])
def test_the_distribution_is_that_of_transformers(temperature: float, top_k: int, top_p: float) -> None:
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    logits = _logits(torch.Generator().manual_seed(3))
    theirs, nothing = logits / temperature, torch.zeros(4, 0, dtype=torch.long)
    if temperature != 1:
        theirs = TemperatureLogitsWarper(temperature)(nothing, logits)
    if top_k:
        theirs = TopKLogitsWarper(top_k)(nothing, theirs)
    if top_p < 1:
        theirs = TopPLogitsWarper(top_p)(nothing, theirs)
    ours = science.distribution(logits, science.Drawing(1.0, temperature, top_k, top_p))
    torch.testing.assert_close(ours, theirs.softmax(-1), rtol=1e-12, atol=1e-15)


def test_draws_have_the_distribution_that_they_are_made_from() -> None:
    logits = torch.tensor([[0.1, 0.0, 0.6, 0.3]], dtype=torch.float64).log()
    uniform = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    ids, _ = science.choose(logits.expand(1000, 4), science.Drawing(), uniform)
    assert torch.bincount(ids, minlength=4).tolist() == [100, 0, 600, 300]


def test_a_draw_that_rounding_could_change_is_noticed() -> None:
    logits = torch.tensor([[0.25, 0.75]], dtype=torch.float64).log().expand(5, 2)
    uniform = torch.tensor([0.0, 0.1, 0.25 - 1e-8, 0.25 + 1e-8, 1 - 1e-12], dtype=torch.float64)
    ids, sure = science.choose(logits, science.Drawing(), uniform)
    assert ids.tolist() == [0, 0, 0, 1, 1]
    assert sure.tolist() == [True, True, False, False, True]
    close = torch.tensor([[1.0, 1.00001], [1.0, 2.0]], dtype=torch.float64)
    assert science.choose(close, science.Drawing(temperature=0), uniform[:2])[1].tolist() == [False, True]


def _by_hand(context: Context, name: str, text: TextEmbedding, scale: float, length: int, seed: int) -> list[int]:
    """One picture, without a cache and without a batch: each token from all that was written before."""
    import transformers

    folder = context.folders.models[name]
    facts = json.loads((folder / "model.json").read_text())["parts"]["token_model"]
    module = getattr(transformers, facts["class"]).from_pretrained(folder / "lm", dtype=torch.float32).eval()
    generator, ids = torch.Generator().manual_seed(seed), torch.empty(1, 0, dtype=torch.long)
    assert text.null_tokens is not None
    prompts = [(text.null_tokens, text.null_pooled), (text.tokens, text.pooled)]
    uniform = torch.rand(length, dtype=torch.float64, generator=generator)
    for u in uniform:
        halves = []
        for prompt, pooled in prompts:
            if facts["architecture"] == "encoder_decoder":
                begun = torch.cat([torch.tensor([[facts["start_token"]]]), ids], dim=1)
                logits = module(input_ids=begun, encoder_hidden_states=prompt).logits
            else:
                told = [prompt, pooled[:, None]] if facts.get("pooled_position") else [prompt]  # type: ignore[index]
                logits = module(inputs_embeds=torch.cat([*told, module.get_input_embeddings()(ids)], dim=1)).logits
            halves.append(logits[0, -1, : facts["vocabulary"]].double())
        ends = (halves[0] + scale * (halves[1] - halves[0])).softmax(-1).cumsum(-1)
        ids = torch.cat([ids, (ends > u).long().argmax().view(1, 1)], dim=1)
    return ids[0].tolist()


@pytest.mark.parametrize("name", ["tiny/dalle", "tiny/parti", "tiny/bart", "tiny/ar"])
@pytest.mark.parametrize("scale", [1.0, 3.0])
@torch.no_grad()
def test_tokens_are_those_of_a_loop_without_cache(knowing: Context, name: str, scale: float) -> None:
    model, text = _asked(knowing, name)
    if model.facts.get("pooled_position"):
        text = replace(text, pooled=text.tokens[:, 1], null_pooled=text.null_tokens[:, 1])  # type: ignore[index]
    tokens = generate_tokens(knowing, model, text, scale=scale, count=3, seed=40)
    length = 3 if name == "tiny/ar" else LENGTH
    assert tokens.ids.tolist() == [_by_hand(knowing, name, text, scale, length, 40 + k) for k in range(3)]
    assert len({tuple(row) for row in tokens.ids.tolist()}) > 1
    assert tokens.codebook == model.facts["codebook"]


@pytest.mark.parametrize("name", ["tiny/dalle", "tiny/parti"])
def test_picture_k_of_a_batch_is_the_picture_alone(knowing: Context, name: str) -> None:
    model, text = _asked(knowing, name)
    together = generate_tokens(knowing, model, text, scale=2.0, top_p=0.9, count=16, seed=7).ids
    for k in range(16):
        assert generate_tokens(knowing, model, text, scale=2.0, top_p=0.9, seed=7 + k).ids.equal(together[k : k + 1])


def test_a_row_made_again_alone_is_the_same_row(knowing: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tiny/dalle", "tiny/parti"):
        model, text = _asked(knowing, name)
        together = generate_tokens(knowing, model, text, scale=2.0, count=4, seed=7).ids
        with monkeypatch.context() as patch:
            patch.setattr(science, "MARGIN", 1.0)  # no draw is sure, so each is made from its row alone
            assert generate_tokens(knowing, model, text, scale=2.0, count=4, seed=7).ids.equal(together)


def test_a_batch_of_texts_writes_after_each(knowing: Context) -> None:
    model, encoder = _writer(knowing, "tiny/dalle"), _encoder(knowing, "tiny/dalle")
    texts = [encode_text(knowing, encoder, prompt) for prompt in ("a red circle", "blue square")]
    together = generate_tokens(knowing, model, batch_text(texts), scale=2.0, seed=3).ids
    alone = [generate_tokens(knowing, model, text, scale=2.0, seed=3 + k).ids for k, text in enumerate(texts)]
    assert together.equal(torch.cat(alone))


def test_temperature_zero_is_greedy_and_the_seed_no_matter(knowing: Context) -> None:
    from transformers import GPT2LMHeadModel

    model, text = _asked(knowing, "tiny/dalle")
    tokens = generate_tokens(knowing, model, text, temperature=0.0, count=2, seed=9)
    module = GPT2LMHeadModel.from_pretrained(knowing.folders.models["tiny/dalle"] / "lm", dtype=torch.float32)
    module.generation_config.suppress_tokens = list(range(CODES, CODES + WORDS))
    module.generation_config.eos_token_id = None
    theirs = module.generate(inputs_embeds=text.tokens, max_new_tokens=LENGTH, do_sample=False, pad_token_id=0)
    assert tokens.ids.tolist() == [theirs[0].tolist()] * 2


def test_a_masked_text_is_not_read_where_the_mask_says_so(knowing: Context) -> None:
    for name in ("tiny/parti", "tiny/dalle"):
        model, text = _asked(knowing, name)
        mask = torch.tensor([[True] * 5 + [False] * 3])
        told = replace(text, mask=mask, null_mask=mask)
        changed = replace(told, tokens=told.tokens + 100 * ~mask[..., None])
        settings: dict[str, Any] = {"count": 4, "seed": 1}
        first, second = (generate_tokens(knowing, model, each, **settings).ids for each in (told, changed))
        assert first.equal(second)
        ignoring = replace(model, facts={**model.facts, "text_mask": False})
        assert not generate_tokens(knowing, ignoring, changed, **settings).ids.equal(first)


def test_the_text_of_a_decoder_only_model_is_rows_of_its_own_table(knowing: Context) -> None:
    from transformers import AutoTokenizer, GPT2LMHeadModel

    folder = knowing.folders.models["tiny/dalle"]
    text = encode_text(knowing, _encoder(knowing, "tiny/dalle"), "a red circle")
    ids = AutoTokenizer.from_pretrained(folder / "../tokenizer")("a red circle").input_ids
    table = GPT2LMHeadModel.from_pretrained(folder / "lm", dtype=torch.float32).transformer.wte.weight
    assert text.tokens[0, : len(ids)].equal(table[[CODES + i for i in ids]])
    assert text.tokens.shape == (1, 8, WIDTH)
    assert (text.pooled, text.mask) == (None, None)
    odd = replace(_encoder(knowing, "tiny/dalle"), facts={**TEXT, "states": "output"})
    with pytest.raises(ModelRefused, match="states must be one of last_hidden_state, input_embeddings"):
        encode_text(knowing, odd, "a red circle")


def test_progress_is_told_at_each_token_and_cancels_there(knowing: Context) -> None:
    model, text = _asked(knowing, "tiny/dalle")
    steps: list[tuple[int, int]] = []
    generate_tokens(replace(knowing, on_progress=lambda *step: steps.append(step)), model, text)
    assert steps == [(k + 1, LENGTH) for k in range(LENGTH)]
    cancel = threading.Event()
    stopping = replace(knowing, cancel=cancel, on_progress=lambda step, _: cancel.set() if step == 2 else None)
    with pytest.raises(Cancelled):
        generate_tokens(stopping, model, text)


def test_misfits_are_named_before_weights_are_read(knowing: Context) -> None:
    model, text = _asked(knowing, "tiny/dalle")
    prior, unread = _writer(knowing, "tiny/ar"), len(knowing.warm.keys())
    with pytest.raises(Misfit, match="wants text of the space 'tiny-lm', found 'tiny'; encode the prompt with"):
        generate_tokens(knowing, model, replace(text, space="tiny"))
    with pytest.raises(Misfit, match="needs a text with its empty prompt beside it"):
        generate_tokens(knowing, model, replace(text, null_tokens=None), scale=2.0)
    with pytest.raises(Misfit, match="a pooled vector, which its encoder does not give"):
        generate_tokens(knowing, prior, replace(text, space="tiny"))
    with pytest.raises(ModelRefused, match="must be one of decoder_only, encoder_decoder"):
        generate_tokens(knowing, replace(model, facts={**model.facts, "architecture": "mlp"}), text)
    assert len(knowing.warm.keys()) == unread


def test_pictures_become_the_ids_of_diffusers_and_back(knowing: Context) -> None:
    from diffusers import VQModel

    tokenizer, pixels = _tokenizer(knowing), torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    module = VQModel.from_pretrained(knowing.folders.models["tiny/dalle"] / "vq").eval()
    tokens = encode_tokens(knowing, tokenizer, Image(pixels))
    assert tokens.ids.shape == (3, 4)
    picture = decode_tokens(knowing, tokenizer, tokens).pixels
    for k in range(3):
        with torch.no_grad():
            states = module.encode(pixels[k : k + 1] * 2 - 1).latents
            quantised = module.quantize(states)[0]
            theirs = module.decoder(module.post_quant_conv(quantised))
        assert tokens.ids[k].equal(module.quantize(states)[2][2])
        torch.testing.assert_close(picture[k : k + 1], (theirs / 2 + 0.5).clamp(0, 1), rtol=0, atol=1e-6)
        alone = decode_tokens(knowing, tokenizer, Tokens(tokens.ids[k : k + 1], tokens.codebook))
        assert alone.pixels.equal(picture[k : k + 1])


WRONG: list[tuple[Tokens, str]] = [
    (Tokens(torch.zeros(1, 4, dtype=torch.long), "other"), "tokens of the codebook 'tiny-vq', found 'other'"),
    (Tokens(torch.zeros(1, 5, dtype=torch.long), "tiny-vq"), "draws 2 x 2 tokens, found 5"),
    (Tokens(torch.full((1, 4), CODES), "tiny-vq"), "knows the tokens 0 to 11, found others"),
]


@pytest.mark.parametrize(("tokens", "message"), WRONG, ids=[message for _, message in WRONG])
def test_tokens_that_cannot_be_drawn_are_refused(knowing: Context, tokens: Tokens, message: str) -> None:
    with pytest.raises(Misfit, match=message):
        decode_tokens(knowing, _tokenizer(knowing), tokens)


def test_a_tokenizer_wants_its_own_size_and_a_lookup_by_id(knowing: Context) -> None:
    with pytest.raises(Misfit, match=r"reads pictures of 4 x 4, found 8 x 4; use core\.resize"):
        encode_tokens(knowing, _tokenizer(knowing), Image(torch.zeros(1, 3, 4, 8)))
    with pytest.raises(ModelRefused, match="its config wants lookup_from_codebook"):
        decode_tokens(knowing, _tokenizer(knowing, "tiny/nolookup"), Tokens(torch.zeros(1, 4).long(), "tiny-vq"))


def _prior(context: Context) -> Denoiser:
    found = load_model(context, "tiny/prior").denoiser
    assert found is not None
    return found


def test_a_diffusion_prior_is_unstandardised(knowing: Context) -> None:
    from diffusers import PriorTransformer

    samples = torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(4))
    net = PriorTransformer.from_pretrained(knowing.folders.models["tiny/prior"] / "net")
    found = decode_embedding(knowing, _prior(knowing), Latents(samples, "tiny-clip"))
    assert found.vectors.equal(net.post_process_latents(samples).detach())
    assert found.space == "tiny-clip"
    unit = replace(_prior(knowing), facts={**_prior(knowing).facts, "normalized": True})
    unit_vectors = decode_embedding(knowing, unit, Latents(samples, "tiny-clip")).vectors
    torch.testing.assert_close(unit_vectors, functional.normalize(found.vectors, dim=-1))


def test_the_tokens_of_a_prior_are_coordinates_along_its_components(knowing: Context) -> None:
    from safetensors.torch import load_file

    table = load_file(knowing.folders.models["tiny/ar"] / "quantizer" / "quantizer.safetensors")
    ids = torch.tensor([[0, 4, 2], [1, 1, 3]])
    found = decode_embedding(knowing, _writer(knowing, "tiny/ar"), Tokens(ids, "tiny-pca"))
    for k in range(2):
        vector = table["mean"].double()
        for component in range(3):
            vector = vector + table["levels"][component, ids[k, component]] * table["components"][component].double()
        torch.testing.assert_close(found.vectors[k].double(), vector / vector.norm(), rtol=0, atol=1e-6)
    assert found.space == "tiny-clip"


def test_what_is_no_output_of_a_prior_is_refused(knowing: Context) -> None:
    latents, tokens = Latents(torch.zeros(1, WIDTH), "tiny-clip"), Tokens(torch.zeros(1, 3).long(), "tiny-pca")
    cases: list[tuple[Any, Any, str]] = [
        (_prior(knowing), tokens, "is a diffusion model: it decodes latents, found tokens"),
        (_prior(knowing), replace(latents, space="pixel"), "of the space 'tiny-clip', found latents of 'pixel'"),
        (load_model(knowing, "tiny/glide").denoiser, latents, "draws pictures, not embeddings; use core.decode"),
        (_writer(knowing, "tiny/ar"), latents, "writes tokens: it decodes tokens, found latents"),
        (_writer(knowing, "tiny/dalle"), tokens, "writes picture tokens; use core.decode_tokens"),
        (_writer(knowing, "tiny/ar"), replace(tokens, codebook="tiny-vq"), "the codebook 'tiny-pca', found 'tiny-vq'"),
        (_writer(knowing, "tiny/ar"), replace(tokens, ids=tokens.ids[:, :2]), "decodes 3 tokens below 5, found 2"),
    ]
    for prior, value, message in cases:
        with pytest.raises(Misfit, match=message):
            decode_embedding(knowing, prior, value)


def test_two_processes_write_the_same_tokens(knowing: Context) -> None:
    model, text = _asked(knowing, "tiny/dalle")
    here = generate_tokens(knowing, model, text, scale=2.0, count=4, seed=2).ids.tolist()
    code = (
        "import json, sys, torch\n"
        "from pathlib import Path\n"
        "from graph_engine import Context, Folders\n"
        "from graph_nodes.models import load_model\n"
        "from graph_nodes.text import encode_text\n"
        "from graph_nodes.tokens import generate_tokens\n"
        "torch.set_num_threads(1)\n"
        "context = Context(folders=Folders(models={'tiny/dalle': Path(sys.argv[1])}))\n"
        "model = load_model(context, 'tiny/dalle')\n"
        "text = encode_text(context, model.text_encoder, 'a red circle')\n"
        "print(json.dumps(generate_tokens(context, model.token_model, text, 2.0, count=4, seed=2).ids.tolist()))\n"
    )
    command = [sys.executable, "-c", code, str(knowing.folders.models["tiny/dalle"])]
    assert json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) == here
