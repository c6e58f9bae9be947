"""The values that travel along links: what they hold, how they look in the editor, how they are stored.

A kind is a frozen dataclass with the `@kind` decorator. Its fields are tensors, JSON values or other kinds, so
hashing and storing need no code of the publisher's own. Tensors are only named here: nothing imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "CLIP",
    "VAE",
    "Classifier",
    "Denoiser",
    "FeatureExtractor",
    "Guidance",
    "Image",
    "ImageEmbedding",
    "ImageTokenizer",
    "Kind",
    "Latents",
    "Mask",
    "ModelPart",
    "SavedFiles",
    "SavedImages",
    "Start",
    "TextEmbedding",
    "TextEncoder",
    "TokenModel",
    "Tokens",
    "kind",
    "kind_of",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Kind:
    """What the engine and the editor know of a value kind.

    `preview` turns a value into an Image for the eye; `is_current` says whether a stored value still stands for
    something that exists (a file on disk): a stored value that is not current counts as not cached.
    """

    name: str
    color: str
    description: str
    preview: Callable[[Any], Image] | None = None
    is_current: Callable[[Any], bool] | None = None


def kind(
    *,
    color: str,
    preview: Callable[[Any], Image] | None = None,
    is_current: Callable[[Any], bool] | None = None,
) -> Callable[[type[T]], type[T]]:
    """Register a frozen dataclass as a value kind; `color` is `#rrggbb`, the name is the class name."""

    def decorate(cls: type[T]) -> type[T]:
        if not (is_dataclass(cls) and cls.__dataclass_params__.frozen):  # type: ignore[attr-defined]
            raise TypeError(f"@kind: {cls.__name__} must be a frozen dataclass: write @dataclass(frozen=True) below it")
        description = (cls.__doc__ or "").strip().split("\n")[0]
        cls.__kind__ = Kind(cls.__name__, color, description, preview, is_current)  # type: ignore[attr-defined]
        return cls

    return decorate


def kind_of(cls: object) -> Kind | None:
    """The Kind of a class or value, or None when it is not a kind."""
    owner = cls if isinstance(cls, type) else type(cls)
    found = owner.__dict__.get("__kind__")
    return found if isinstance(found, Kind) else None


@kind(color="#6ab04c", preview=lambda image: image)
@dataclass(frozen=True, eq=False)
class Image:
    """A batch of RGB pictures.

    pixels: float32 [n, 3, height, width], values 0..1, sRGB as in the file.
    """

    pixels: Tensor


@kind(color="#c8d6e5")
@dataclass(frozen=True, eq=False)
class Mask:
    """A batch of masks: 1 where something is to change, 0 where it is kept.

    values: float32 [n, 1, height, width], values 0..1.
    """

    values: Tensor


@kind(color="#be2edd")
@dataclass(frozen=True, eq=False)
class Latents:
    """What a denoiser works on, in the space that it was trained in.

    samples: float32 [n, channels, height, width], or [n, d] for embeddings; `space` names what they mean: `pixel` for
    pictures in -1..1, else the latent space of an autoencoder or the embedding space of a CLIP. Two values fit each
    other only when their spaces are equal.
    """

    samples: Tensor
    space: str


@kind(color="#f0932b")
@dataclass(frozen=True, eq=False)
class Start:
    """Where sampling starts when it is not pure noise, and what of that must stay.

    latents: a sample to start from, noised as far as `strength` says (1: all of it, so that nothing is left); mask: 1
    where it may change, the rest is held; resample: how often each step is made, for harmony between the two (RePaint);
    noise: x_T itself, in place of noise from the seed; drawn: how many draws of the sample's shape the seed's
    generators have given before the noise; resume: the part of the schedule that another run has made already, whose
    latents are taken as they are; clean: what is held stands there without noise from the first step on.
    """

    latents: Latents | None = None
    strength: float = 1.0
    mask: Mask | None = None
    resample: int = 1
    noise: Latents | None = None
    drawn: int = 0
    resume: float = 0.0
    clean: bool = False


@kind(color="#f9ca24")
@dataclass(frozen=True, eq=False)
class TextEmbedding:
    """Prompts as a text encoder sees them.

    tokens: float32 [n, length, width]; pooled: float32 [n, width] or None; mask: bool [n, length], True where a token
    counts, or None when every position counts. `null_tokens`, `null_pooled` and `null_mask` are the same with n = 1
    for the empty (or negative) prompt that classifier-free guidance pushes away from. `space` names the encoder: a
    denoiser accepts only the space that it was trained on.
    """

    tokens: Tensor
    space: str
    prompts: tuple[str, ...]
    pooled: Tensor | None = None
    mask: Tensor | None = None
    null_tokens: Tensor | None = None
    null_pooled: Tensor | None = None
    null_mask: Tensor | None = None


@kind(color="#e056fd")
@dataclass(frozen=True, eq=False)
class ImageEmbedding:
    """Points of CLIP's joint space: of pictures, or of texts in a picture's place; or the features of another network.

    vectors: float32 [n, d]; `space` names the CLIP, or the network, that they come from.
    """

    vectors: Tensor
    space: str


@kind(color="#7ed6df")
@dataclass(frozen=True, eq=False)
class Tokens:
    """What an autoregressive model writes: one row of ids for each picture, in reading order.

    ids: int64 [n, length], 0 up to the codebook's size; `codebook` names what the ids stand for.
    """

    ids: Tensor
    codebook: str


@dataclass(frozen=True)
class ModelPart:
    """A light handle on one part of a model: a recipe that says where its weights are, never the weights themselves.

    model: the name it was loaded by (`shapes/glide`); part: its name inside the model; revision: digest of its files;
    facts: what the model's own description says of it (sizes, spaces, prediction type), so that misfits are named
    before any weight is read; options: choices of the loader (dtype and the like).
    """

    model: str
    part: str
    revision: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@kind(color="#e58e26")
@dataclass(frozen=True)
class TextEncoder(ModelPart):
    """Turns prompts into a TextEmbedding."""


@kind(color="#4834d4")
@dataclass(frozen=True, eq=False)
class Denoiser(ModelPart):
    """A network that predicts noise, the picture or the velocity, with the schedule it was trained on.

    conditions: extra inputs bound to it (a low-resolution picture, a class label, an image embedding ...), by name;
    each is a kind or a number.
    """

    conditions: Mapping[str, Any] = field(default_factory=dict)


@kind(color="#22a6b3")
@dataclass(frozen=True)
class CLIP(ModelPart):
    """A text tower and an image tower that share one embedding space."""


@kind(color="#ff7979")
@dataclass(frozen=True)
class VAE(ModelPart):
    """An autoencoder: pictures to the latent space that a denoiser works in, and back."""


@kind(color="#badc58")
@dataclass(frozen=True)
class Classifier(ModelPart):
    """A classifier of noised pictures, whose gradient can guide a denoiser."""


@kind(color="#95a5a6")
@dataclass(frozen=True)
class FeatureExtractor(ModelPart):
    """A network that many pictures are judged by: its features say how alike two sets are."""


@kind(color="#30336b")
@dataclass(frozen=True)
class ImageTokenizer(ModelPart):
    """A discrete autoencoder: pictures to tokens of a codebook, and back."""


@kind(color="#535c68")
@dataclass(frozen=True)
class TokenModel(ModelPart):
    """An autoregressive transformer that writes tokens after a text."""


@kind(color="#eb4d4b")
@dataclass(frozen=True)
class Guidance:
    """How sampling is steered: a rule's name, its settings, and the guidance that is applied before it, if any.

    settings: numbers and texts, and for rules that ask another model, its handle and what it is asked for.
    """

    rule: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    base: Guidance | None = None


def _saved_files_are_current(saved: SavedFiles) -> bool:
    from graph_engine.files import digest_file

    try:
        return all(digest_file(path) == digest for path, digest in zip(saved.paths, saved.digests, strict=True))
    except (OSError, ValueError):
        return False


@kind(color="#95afc0", is_current=_saved_files_are_current)
@dataclass(frozen=True)
class SavedFiles:
    """Files that stand on disk: absolute paths and the digest of each file's bytes."""

    paths: tuple[str, ...]
    digests: tuple[str, ...]


@kind(color="#95afc0", is_current=_saved_files_are_current)
@dataclass(frozen=True)
class SavedImages(SavedFiles):
    """Pictures that stand on disk: absolute paths and the digest of each file's bytes, in batch order."""
