"""Recipes `dalle` and `parti`: transformers that write the tokens of a picture after a caption.

DALL-E (Ramesh et al. 2021, arXiv:2102.12092) is a decoder alone, over text tokens and then image tokens. Parti (Yu et
al. 2022, arXiv:2206.10789) is a decoder that looks at the states of a text encoder. In both a tenth of the captions is
dropped, for guidance on the logits. Pictures are turned into tokens once, into a pool; captions are phrased anew each
time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from diffusers import VQModel
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm
from transformers import CLIPTextModelWithProjection, GPT2LMHeadModel, T5EncoderModel

from graph_engine_shapes import captions, checkpoint, networks, t5_text_task, tokenizer
from graph_engine_shapes.derived import copy_matching, zero
from graph_engine_shapes.drawing import render
from graph_engine_shapes.imagen_task import affine
from graph_engine_shapes.picture_task import load_text
from graph_engine_shapes.scenes import Scenes, random_scenes

POOL = 60_000
POOL_SEED = 91
CAPTION_DROPPED = 0.1
TEXT_OFFSET = networks.CODES
"""Image token k has id k in the table of embeddings; the text's ids lie above."""
START = networks.CODES
"""What Parti's decoder reads before the first image token."""


def load_vq(folder: Path) -> tuple[VQModel, checkpoint.Counters]:
    """The averaged discrete autoencoder of the training `vq`, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    model = networks.vq()
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False), counters


@torch.no_grad()
def tokens_of(vq: VQModel, pictures: Tensor) -> Tensor:
    """Ids (B, 64) of pictures (B, 3, 32, 32) in [-1, 1], row by row."""
    latents = vq.encode(pictures).latents
    ids: Tensor = vq.quantize(latents)[2][2]
    return ids.reshape(len(pictures), -1)


@torch.no_grad()
def pictures_of(vq: VQModel, ids: Tensor) -> Tensor:
    """Pictures (B, 3, 32, 32), about [-1, 1], of ids (B, 64)."""
    shape = (len(ids), networks.GRID, networks.GRID, vq.config.vq_embed_dim)
    made: Tensor = vq.decode(ids, force_not_quantize=True, shape=shape).sample
    return made


def pool(folder: Path, size: int = POOL) -> tuple[Scenes, Tensor]:
    """`size` scenes and the ids (size, 64) of their pictures, which are kept in the folder of the training `vq`."""
    scenes = random_scenes(size, torch.Generator().manual_seed(POOL_SEED), two=0.65)
    vq, counters = load_vq(folder)
    path = folder / f"tokens-{size}-of-step-{counters.step}.safetensors"
    if not path.exists():
        drawn = (render(scenes.take(part), networks.BASE_SIZE) * 2 - 1 for part in torch.arange(size).split(250))
        ids = [tokens_of(vq, p).short() for p in tqdm(drawn, total=-(-size // 250), desc="pictures to tokens")]
        save_file({"ids": torch.cat(ids)}, path)
    return scenes, load_file(path)["ids"].long()


@torch.no_grad()
def begin_codes(table: Tensor, codebook: Tensor, scale: float) -> None:
    """Fill rows of embeddings so that codes that lie near each other begin alike.

    Random Fourier features of a Gaussian kernel over the codebook (Rahimi & Recht 2007); `scale` is the entries' size.
    """
    generator = torch.Generator().manual_seed(0)
    width, features = 0.5 * codebook.std(dim=0), table.shape[1]
    directions = torch.randn(codebook.shape[1], features, generator=generator) / width[:, None]
    phase = 2 * torch.pi * torch.rand(features, generator=generator)
    table.copy_(scale * 2**0.5 * torch.cos(codebook @ directions + phase))


@torch.no_grad()
def begin_as_text(net: GPT2LMHeadModel, tower: CLIPTextModelWithProjection) -> None:
    """Let the first layers begin as the text tower of `glide-text`, which is a causal transformer of the same make.

    So what the caption means is known at its last position, from which the first image token is written.
    """
    source, body = tower.text_model, net.transformer
    words, places = source.embeddings.token_embedding.weight, source.embeddings.position_embedding.weight
    body.wte.weight[TEXT_OFFSET:] = words
    body.wpe.weight.normal_(std=float(places.std()), generator=torch.Generator().manual_seed(1))
    body.wpe.weight[: len(places)] = places
    for block, layer in zip(body.h, source.encoder.layers, strict=False):
        attention = layer.self_attn
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        block.attn.c_attn.weight.copy_(torch.cat([part.weight for part in parts]).T)
        block.attn.c_attn.bias.copy_(torch.cat([part.bias for part in parts]))
        for own, its in (
            (block.attn.c_proj, attention.out_proj),
            (block.mlp.c_fc, layer.mlp.fc1),
            (block.mlp.c_proj, layer.mlp.fc2),
        ):
            own.weight.copy_(its.weight.T)
            own.bias.copy_(its.bias)
        block.ln_1.load_state_dict(layer.layer_norm1.state_dict())
        block.ln_2.load_state_dict(layer.layer_norm2.state_dict())


@dataclass
class DalleTask:
    """Caption and image tokens in one causal sequence; only the image tokens are learnt, the text is given anyway."""

    text_folder: Path
    vq_folder: Path
    batch: int = 48
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3
    average: float = 0.998
    pool_size: int = POOL

    @cached_property
    def pool(self) -> tuple[Scenes, Tensor]:
        """Scenes and the ids of their pictures."""
        return pool(self.vq_folder, self.pool_size)

    def build(self) -> GPT2LMHeadModel:
        """The transformer; it begins to read as `glide-text` does."""
        net = networks.dalle_transformer()
        tower = load_text(self.text_folder)
        begin_as_text(net, tower)
        scale = float(tower.text_model.embeddings.token_embedding.weight.std())
        codebook = load_vq(self.vq_folder)[0].quantize.embedding.weight
        begin_codes(net.transformer.wte.weight[: networks.CODES], codebook, scale)
        return net

    def drawn(self, generator: torch.Generator, n: int) -> tuple[Tensor, Tensor]:
        """`n` caption ids (n, 24) and image ids (n, 64), a tenth of the captions empty."""
        scenes, ids = self.pool
        chosen = torch.randint(len(ids), (n,), generator=generator)
        rng = captions.seeded(int(torch.randint(2**31, (), generator=generator)))
        texts = captions.random_captions(scenes.take(chosen), rng)
        texts = ["" if rng.random() < CAPTION_DROPPED else text for text in texts]
        return tokenizer.encode(texts), ids[chosen]

    def loss(self, model: GPT2LMHeadModel, step: int, generator: torch.Generator) -> Tensor:
        """Cross-entropy of the image tokens of one batch."""
        text, image = self.drawn(generator, self.batch)
        seen = torch.cat([text + TEXT_OFFSET, image[:, :-1]], dim=1)
        return image_loss(model(input_ids=seen, use_cache=False, logits_to_keep=image.shape[1]).logits, image)


def load_dalle(folder: Path) -> tuple[GPT2LMHeadModel, checkpoint.Counters]:
    """The averaged transformer of the training `dalle`, and how far it had come."""
    return load_writer(networks.dalle_transformer(), folder)


def load_writer(net: GPT2LMHeadModel, folder: Path) -> tuple[GPT2LMHeadModel, checkpoint.Counters]:
    """`net` with the averaged weights of the training in `folder`, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    net.load_state_dict(weights, strict=False)  # the head's weights are the table's
    return net.eval(), counters


def image_loss(logits: Tensor, image: Tensor) -> Tensor:
    """Cross-entropy of image ids (B, 64) under the logits (B, 64, V) at the positions before them."""
    return functional.cross_entropy(logits[..., : networks.CODES].flatten(0, 1).float(), image.flatten())


@torch.no_grad()
def read_as(net: GPT2LMHeadModel, dalle: GPT2LMHeadModel, states: Tensor, text: Tensor, image: Tensor) -> None:
    """Let Parti's decoder, whose other weights are DALL-E's, begin by reading T5 as DALL-E reads its caption.

    states (B, 24, D) of captions whose ids are `text` (B, 24), and the image ids (B, 64) after them. Keys and values of
    the cross-attention are fitted to those of the caption's positions. DALL-E's heads divide their attention between
    caption and image; here each part has a softmax of its own, and is weighted by its share of the attention there.
    """
    seen = torch.cat([text + TEXT_OFFSET, image[:, :-1]], dim=1)
    out = dalle.transformer(input_ids=seen, output_hidden_states=True, output_attentions=True, use_cache=False)
    told, width = text.shape[1], states.shape[-1]
    for depth, (block, its) in enumerate(zip(net.transformer.h, dalle.transformer.h, strict=True)):
        own, cross = its.attn, block.crossattention
        meant = own.c_attn(its.ln_1(out.hidden_states[depth][:, :told]))[..., width:]
        weight, bias = affine(states.flatten(0, 1), meant.flatten(0, 1))
        cross.c_attn.weight.copy_(weight.T)
        cross.c_attn.bias.copy_(bias)
        cross.q_attn.weight.copy_(own.c_attn.weight[:, :width])
        cross.q_attn.bias.copy_(own.c_attn.bias[:width])
        block.ln_cross_attn.load_state_dict(its.ln_1.state_dict())
        share = out.attentions[depth][:, :, told - 1 :, :told].sum(dim=-1).mean(dim=(0, 2))
        rows = share.repeat_interleave(width // len(share))[:, None]
        cross.c_proj.weight.copy_(rows * own.c_proj.weight)
        block.attn.c_proj.weight.copy_((1 - rows) * own.c_proj.weight)
        zero(cross.c_proj.bias)


@dataclass
class PartiTask(DalleTask):
    """The image tokens alone in sequence, the caption by cross-attention to Imagen's frozen T5.

    `text_folder` is that of `imagen-text`. It begins as DALL-E's transformer, see `read_as`.
    """

    dalle_folder: Path = Path()
    fitted: int = 256

    @cached_property
    def t5(self) -> T5EncoderModel:
        """The frozen text encoder."""
        return t5_text_task.load_t5(self.text_folder)

    def build(self) -> GPT2LMHeadModel:
        """The decoder, begun as DALL-E's."""
        net, dalle = networks.parti_decoder(), load_dalle(self.dalle_folder)[0]
        known = dict(dalle.named_parameters())
        places = known["transformer.wpe.weight"][tokenizer.MAX_TOKENS - 1 :][: net.config.n_positions]
        rows = known["transformer.wte.weight"][: net.config.vocab_size]
        copy_matching(net, known | {"transformer.wpe.weight": places, "transformer.wte.weight": rows})
        text, image = self.drawn(torch.Generator().manual_seed(0), self.fitted)
        read_as(net, dalle, t5_text_task.states(self.t5, text), text, image)
        return net

    def loss(self, model: GPT2LMHeadModel, step: int, generator: torch.Generator) -> Tensor:
        """Cross-entropy of the image tokens of one batch."""
        text, image = self.drawn(generator, self.batch)
        with torch.no_grad():
            read = t5_text_task.states(self.t5, text)
        seen = torch.cat([torch.full_like(image[:, :1], START), image[:, :-1]], dim=1)
        return image_loss(model(input_ids=seen, encoder_hidden_states=read, use_cache=False).logits, image)


def parti_task(text: Path, vq: Path, dalle: Path) -> PartiTask:
    """The recipe, from the folders of the trainings that it builds on."""
    return PartiTask(text, vq, dalle_folder=dalle)
