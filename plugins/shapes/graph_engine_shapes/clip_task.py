"""Recipe `clip`: pictures and captions in one space, with hard negatives and an auxiliary attribute head."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from graph_engine_shapes import networks, tokenizer, words
from graph_engine_shapes.captions import Wanted, WantedObject, caption, describe, names_held_out, seeded
from graph_engine_shapes.drawing import render
from graph_engine_shapes.scenes import random_scenes
from graph_engine_shapes.text_task import CLASSES, targets

SHAKE = 0.06
"""Standard deviation of the strongest pixel noise in training, pictures being in [0, 1]."""
HEAD_WEIGHT = 0.25
CHANGES = ("shape", "colour", "size", "background", "relation", "swap_colours", "swap_shapes")


class ClipReader(nn.Module):
    """CLIP with the heads that must read every attribute from either embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.clip = networks.clip()
        self.heads = nn.ModuleDict({side: nn.Linear(networks.TEXT_WIDTH, sum(CLASSES)) for side in ("text", "image")})

    def embed(self, ids: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Unit embeddings of token ids (N, T) and of pictures (B, 3, 32, 32) in [-1, 1]."""
        text = self.clip.get_text_features(input_ids=ids).pooler_output
        image = self.clip.get_image_features(pixel_values=pictures).pooler_output
        return functional.normalize(text.float(), dim=-1), functional.normalize(image.float(), dim=-1)


def _other(value: str, names: tuple[str, ...], rng: random.Random) -> str:
    return rng.choice([name for name in names if name != value])


def wrong(wanted: Wanted, rng: random.Random) -> Wanted:
    """The same scene with one attribute wrong, or with the colours or shapes of its objects swapped.

    Held-out combinations are not even named as something false.
    """
    while True:
        different = changed(wanted, rng, rng.choice(CHANGES))
        if different is not None and not names_held_out(different):
            return different


def changed(wanted: Wanted, rng: random.Random, way: str) -> Wanted | None:
    """`wanted` changed in one of CHANGES; None where that is not possible or makes no difference."""
    if len(wanted.objects) == 1 and way in ("relation", "swap_colours", "swap_shapes"):
        return None
    different = _change(wanted, way, rng)
    return None if different == wanted else different


def _change(wanted: Wanted, way: str, rng: random.Random) -> Wanted | None:
    """One way to be wrong; None where the caption does not say what would change."""
    if way in ("background", "relation"):
        scene_names = words.BACKGROUND_NAMES if way == "background" else words.RELATIONS
        said = getattr(wanted, way)
        return None if said is None else replace(wanted, **{way: _other(said, scene_names, rng)})
    if way.startswith("swap"):
        name = way.removeprefix("swap_").removesuffix("s")
        first, second = wanted.objects
        mine, theirs = getattr(first, name), getattr(second, name)
        if wanted.relation is None:
            other = "shape" if name == "colour" else "colour"
            if getattr(first, other) == getattr(second, other):
                return None
        return replace(wanted, objects=(replace(first, **{name: theirs}), replace(second, **{name: mine})))
    k = rng.randrange(len(wanted.objects))
    names = {"shape": words.SHAPES, "colour": words.COLOUR_NAMES, "size": words.SIZE_NAMES}[way]
    value = getattr(wanted.objects[k], way)
    if value is None:
        return None
    objects: list[WantedObject] = list(wanted.objects)
    objects[k] = replace(objects[k], **{way: _other(value, names, rng)})
    return replace(wanted, objects=tuple(objects))


@dataclass
class ClipTask:
    """What the training loop needs to know of this recipe."""

    batch: int = 96
    matrix_rate: float = 3e-3
    rest_rate: float = 1.5e-3
    average: float = 0.995
    keep: float = 0.9

    def build(self) -> ClipReader:
        """A fresh model."""
        return ClipReader()

    def pairs(self, generator: torch.Generator) -> tuple[Tensor, list[Wanted], list[Wanted], list[str]]:
        """Pictures (B, 3, 32, 32) in [-1, 1], all that they show, what the captions say, and 2B captions.

        First come the true captions, then as many with one change.
        """
        rng = seeded(int(torch.randint(2**31, (), generator=generator)))
        scenes = random_scenes(self.batch, generator, two=0.65)
        wanted = [describe(scenes, i, rng, self.keep) for i in range(self.batch)]
        false = [wrong(w, rng) for w in wanted]
        pictures = render(scenes, networks.BASE_SIZE)
        spread = SHAKE * torch.rand(self.batch, 1, 1, 1, generator=generator)
        pictures = (pictures + spread * torch.randn(pictures.shape, generator=generator)).clamp(0, 1)
        shown = [describe(scenes, i) for i in range(self.batch)]
        return pictures * 2 - 1, shown, wanted, [caption(w, rng) for w in wanted + false]

    def loss(self, model: ClipReader, step: int, generator: torch.Generator) -> Tensor:
        """CLIP's symmetric loss (Radford et al. 2021, figure 3), false captions beside the true, and the heads."""
        pictures, shown, wanted, captions = self.pairs(generator)
        text, image = model.embed(tokenizer.encode(captions), pictures)
        logits = model.clip.logit_scale.exp().clamp(max=100) * image @ text.T
        same = torch.arange(self.batch)
        contrast = functional.cross_entropy(logits, same) + functional.cross_entropy(logits[:, : self.batch].T, same)
        hard = torch.stack([logits[same, same], logits[same, same + self.batch]], dim=1)
        contrast = contrast + functional.cross_entropy(hard, torch.zeros_like(same))
        heads = self._heads(model.heads["text"], text[: self.batch], wanted)
        return contrast + HEAD_WEIGHT * (heads + self._heads(model.heads["image"], image, shown))

    @staticmethod
    def _heads(head: nn.Module, embedding: Tensor, meant: list[Wanted]) -> Tensor:
        target = torch.tensor([targets(w) for w in meant])
        parts = head(10 * embedding).float().split(CLASSES, dim=-1)
        return torch.stack([functional.cross_entropy(part, target[:, k]) for k, part in enumerate(parts)]).sum()
