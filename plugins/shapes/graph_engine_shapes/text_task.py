"""Recipe `glide-text`: the text tower learns what captions mean before any picture is drawn.

Linear heads must read every attribute of the scene, ordered by place (top or left first), from the pooled vector and
from each position after the caption's end. So binding and relations are plain to see for a U-Net that comes later,
and the tower can stay frozen: base and upsampler then share one text space.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from graph_engine_shapes import networks, tokenizer, words
from graph_engine_shapes.captions import Wanted, WantedObject, parse, random_captions, seeded
from graph_engine_shapes.scenes import random_scenes

SLOT_CLASSES = (len(words.SHAPES) + 1, len(words.COLOURS) + 1, len(words.SIZES) + 1)
CLASSES = (*SLOT_CLASSES, *SLOT_CLASSES, 3, len(words.BACKGROUNDS) + 1)
"""Classes of each head: shape, colour, size of the first and second slot, axis, background; the last is "not said"."""


def _index(name: str | None, names: tuple[str, ...]) -> int:
    return len(names) if name is None else names.index(name)


def _slot(wanted: WantedObject | None) -> tuple[int, int, int]:
    if wanted is None:
        return tuple(n - 1 for n in SLOT_CLASSES)  # type: ignore[return-value]
    return (
        _index(wanted.shape, words.SHAPES),
        _index(wanted.colour, words.COLOUR_NAMES),
        _index(wanted.size, words.SIZE_NAMES),
    )


def targets(wanted: Wanted) -> tuple[int, ...]:
    """The class of each head in CLASSES, objects ordered from top to bottom or from left to right where said."""
    first, second = wanted.objects[0], wanted.objects[1] if len(wanted.objects) > 1 else None
    if wanted.relation in ("below", "right of"):
        assert second is not None
        first, second = second, first
    axis = 2 if wanted.relation is None else int(wanted.relation in ("left of", "right of"))
    return (*_slot(first), *_slot(second), axis, _index(wanted.background, words.BACKGROUND_NAMES))


class TextReader(nn.Module):
    """The text tower with the heads that train it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = networks.text_encoder()
        self.heads = nn.ModuleDict(
            {
                "pooled": nn.Linear(self.encoder.config.projection_dim, sum(CLASSES)),
                "tail": nn.Linear(networks.TEXT_WIDTH, sum(CLASSES)),
                "word": nn.Linear(networks.TEXT_WIDTH, sum(SLOT_CLASSES)),
            }
        )


def _cross_entropy(logits: Tensor, target: Tensor, classes: tuple[int, ...]) -> Tensor:
    parts = logits.float().split(classes, dim=-1)
    return torch.stack([functional.cross_entropy(part, target[:, k]) for k, part in enumerate(parts)]).sum()


@dataclass
class TextTask:
    """What the training loop needs to know of this recipe."""

    batch: int = 128
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3
    average: float = 0.99

    def build(self) -> nn.Module:
        """A fresh model."""
        return TextReader()

    def read(self, model: nn.Module, ids: Tensor) -> tuple[Tensor, Tensor]:
        """The states (B, T, 128) of token ids (B, T), and the vector (B, P) that sums them up."""
        out = model.encoder(input_ids=ids)
        return out.last_hidden_state, out.text_embeds

    def loss(self, model: nn.Module, step: int, generator: torch.Generator) -> Tensor:
        """Cross-entropy of all heads on fresh captions."""
        rng = seeded(int(torch.randint(2**31, (), generator=generator)))
        captions = random_captions(random_scenes(self.batch, generator, two=0.75), rng, keep=0.8)
        wanted = [parse(text) for text in captions]
        ids = tokenizer.encode(captions)
        target = torch.tensor([targets(w) for w in wanted])
        hidden, summary = self.read(model, ids)
        ends = ids.argmax(dim=1)
        row, position = (torch.arange(ids.shape[1])[None] >= ends[:, None]).nonzero(as_tuple=True)
        pooled = _cross_entropy(model.heads["pooled"](summary), target, CLASSES)
        tail = _cross_entropy(model.heads["tail"](hidden[row, position]), target[row], CLASSES)
        named = torch.tensor([_slot(o) for w in wanted for o in w.objects])
        at = torch.isin(ids, torch.tensor(tokenizer.build().convert_tokens_to_ids(list(words.SHAPES))))
        return pooled + tail + _cross_entropy(model.heads["word"](hidden[at]), named, SLOT_CLASSES)
