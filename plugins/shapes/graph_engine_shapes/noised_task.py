"""Recipes `classifier` and `noised-clip`: vision models that read noised pictures, so that their gradient can guide.

Both are CLIP's image tower with the timestep as a fourth plane beside the picture. The noised CLIP begins as the
trained tower, the classifier as the noised CLIP.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from transformers import CLIPForImageClassification, CLIPModel, CLIPVisionModelWithProjection

from graph_engine_shapes import checkpoint, diffusion, networks, tokenizer, words
from graph_engine_shapes.alignment import Row
from graph_engine_shapes.captions import caption, describe, seeded
from graph_engine_shapes.clip_task import ClipTask
from graph_engine_shapes.derived import copy_matching, zero
from graph_engine_shapes.drawing import render
from graph_engine_shapes.scenes import Scenes, random_scenes
from graph_engine_shapes.unclip_task import embed_pictures, load_clip

LIKENESS = 10.0
"""Weight of the distance to the clean picture's embedding, beside CLIP's loss."""
TIMES = (0, 200, 400, 600, 800)
"""Timesteps at which a log says how well noised pictures are read."""


def class_names() -> list[str]:
    """`red circle` and so on: every coloured shape, in the order of the classes."""
    return [f"{colour} {shape}" for shape, colour in words.kinds()]


def class_of(scenes: Scenes) -> Tensor:
    """(B,) the class of the first object of each scene."""
    return scenes.shape[:, 0] * len(words.COLOURS) + scenes.colour[:, 0]


def noised(pictures: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """x_t of pictures (B, 3, h, w) in [-1, 1] at timesteps (B,), with the plane t / 1000 as fourth channel."""
    alpha_bars = networks.scheduler().alphas_cumprod
    x, _ = diffusion.noisy(pictures, torch.randn(pictures.shape, generator=generator), alpha_bars[t])
    plane = (t / len(alpha_bars)).view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])
    return torch.cat([x, plane], dim=1)


def _times(n: int, generator: torch.Generator) -> Tensor:
    return torch.randint(0, 1000, (n,), generator=generator)


@dataclass
class ClassifierTask:
    """The class (shape x colour) of noised pictures of one object."""

    tower_folder: Path
    batch: int = 96
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3
    average: float = 0.995

    def build(self) -> CLIPForImageClassification:
        """The classifier, begun as the noised CLIP."""
        model = networks.classifier(len(class_names()))
        copy_matching(model, dict(load_noised_tower(self.tower_folder)[0].named_parameters()))
        zero(model.classifier.weight, model.classifier.bias)
        return model

    def loss(self, model: CLIPForImageClassification, step: int, generator: torch.Generator) -> Tensor:
        """Cross-entropy of one batch."""
        scenes = random_scenes(self.batch, generator, two=0.0)
        pictures = render(scenes, networks.BASE_SIZE) * 2 - 1
        x = noised(pictures, _times(self.batch, generator), generator)
        return functional.cross_entropy(model(pixel_values=x).logits.float(), class_of(scenes))


@dataclass
class NoisedClipTask(ClipTask):
    """An image tower that reads noised pictures into the space of the frozen text tower."""

    clip_folder: Path = Path()
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3

    @cached_property
    def clip(self) -> CLIPModel:
        """The frozen CLIP."""
        return load_clip(self.clip_folder)

    def build(self) -> CLIPVisionModelWithProjection:  # type: ignore[override]
        """The image tower, begun as CLIP's."""
        model = networks.noised_tower()
        copy_matching(model, dict(self.clip.named_parameters()))
        return model

    def loss(  # type: ignore[override]
        self, model: CLIPVisionModelWithProjection, step: int, generator: torch.Generator
    ) -> Tensor:
        """CLIP's loss with false captions beside the true ones, and the distance to what CLIP makes of no noise.

        Only the pictures' side learns.
        """
        pictures, _, _, captions = self.pairs(generator)
        with torch.no_grad():
            text = self.clip.get_text_features(input_ids=tokenizer.encode(captions)).pooler_output
        text = functional.normalize(text.float(), dim=-1)
        x = noised(pictures, _times(self.batch, generator), generator)
        image = functional.normalize(model(pixel_values=x).image_embeds.float(), dim=-1)
        logits = self.clip.logit_scale.exp().clamp(max=100) * image @ text.T
        same = torch.arange(self.batch)
        contrast = functional.cross_entropy(logits, same) + functional.cross_entropy(logits[:, : self.batch].T, same)
        hard = torch.stack([logits[same, same], logits[same, same + self.batch]], dim=1)
        contrast = contrast + functional.cross_entropy(hard, torch.zeros_like(same))
        distance = 1 - (image * embed_pictures(self.clip, pictures)).sum(dim=1)
        return contrast + LIKENESS * distance.mean()


def noised_clip_task(clip: Path) -> NoisedClipTask:
    """The recipe, from the folder of the training that it builds on."""
    return NoisedClipTask(clip_folder=clip)


def load_classifier(folder: Path) -> tuple[CLIPForImageClassification, checkpoint.Counters]:
    """The averaged classifier of a training, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    model = networks.classifier(len(class_names()))
    model.load_state_dict(weights)
    return model.eval(), counters


def load_noised_tower(folder: Path) -> tuple[CLIPVisionModelWithProjection, checkpoint.Counters]:
    """The averaged image tower of a training, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    model = networks.noised_tower()
    model.load_state_dict(weights)
    return model.eval(), counters


@torch.no_grad()
def look_classifier(folder: Path, n: int) -> Row:
    """The share of noised pictures whose class is found, at each of TIMES."""
    model, counters = load_classifier(folder)
    generator = torch.Generator().manual_seed(1000 * counters.step)
    scenes = random_scenes(4 * n, generator, two=0.0, held="any")
    pictures = render(scenes, networks.BASE_SIZE) * 2 - 1
    row: Row = {"minutes": round(counters.minutes, 2), "pictures": counters.pictures}
    for t in TIMES:
        x = noised(pictures, torch.full((len(pictures),), t), generator)
        found = model(pixel_values=x).logits.argmax(dim=1) == class_of(scenes)
        row[f"class_at_{t}"] = round(float(found.float().mean()), 4)
    return row


@torch.no_grad()
def look_noised_clip(folder: Path, n: int) -> Row:
    """The share of noised pictures whose caption is chosen among all, at each of TIMES."""
    model, counters = load_noised_tower(folder)
    clip = load_clip(folder.parent / "clip")
    generator = torch.Generator().manual_seed(1000 * counters.step)
    scenes = random_scenes(4 * n, generator, two=0.6, held="any")
    told = [caption(describe(scenes, i), seeded(i)) for i in range(len(scenes))]
    text = functional.normalize(clip.get_text_features(input_ids=tokenizer.encode(told)).pooler_output, dim=-1)
    pictures = render(scenes, networks.BASE_SIZE) * 2 - 1
    row: Row = {"minutes": round(counters.minutes, 2), "pictures": counters.pictures}
    for t in TIMES:
        x = noised(pictures, torch.full((len(pictures),), t), generator)
        chosen = (model(pixel_values=x).image_embeds @ text.T).argmax(dim=1)
        row[f"top1_at_{t}"] = round(float((chosen == torch.arange(len(chosen))).float().mean()), 4)
    return row
