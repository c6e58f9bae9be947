"""FID's Inception against the same network built of modules, as pytorch-fid builds it, with few channels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from graph_nodes.errors import ModelRefused
from graph_nodes.judging import frechet_distance, image_features
from graph_nodes.models import load_model
from graph_nodes.science import inception
from torch import Tensor, nn
from torch.nn import functional

from graph_engine import Context, FeatureExtractor, Folders, Image

C = 3
"""Channels of every branch."""


class Unit(nn.Module):
    """Convolution, batch norm with statistics as if trained, ReLU."""

    def __init__(self, channels: int, kernel: Any, stride: int = 1, padding: Any = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, C, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(C, eps=0.001)
        self.bn.running_mean.normal_(0, 0.1)  # type: ignore[union-attr]
        self.bn.running_var.uniform_(0.1, 0.5)  # type: ignore[union-attr]
        self.bn.bias.data.normal_(0, 0.1)

    def forward(self, x: Tensor) -> Tensor:
        """The unit."""
        return torch.relu(self.bn(self.conv(x)))


ACROSS, DOWN = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
ONE, THREE, FIVE, HALF = (1,), (3, 1, 1), (5, 1, 2), (3, 2)
BRANCHES: dict[str, dict[str, list[Any]]] = {
    "a": {"branch1x1": [ONE], "branch5x5": [ONE, FIVE], "branch3x3dbl": [ONE, THREE, THREE], "branch_pool": [ONE]},
    "b": {"branch3x3": [HALF], "branch3x3dbl": [ONE, THREE, HALF]},
    "c": {
        "branch1x1": [ONE],
        "branch7x7": [ONE, ACROSS, DOWN],
        "branch7x7dbl": [ONE, DOWN, ACROSS, DOWN, ACROSS],
        "branch_pool": [ONE],
    },
    "d": {"branch3x3": [ONE, HALF], "branch7x7x3": [ONE, ACROSS, DOWN, HALF]},
    "e": {"branch1x1": [ONE], "branch3x3": [ONE], "branch3x3dbl": [ONE, THREE], "branch_pool": [ONE]},
}
"""Kind of block -> branch -> (kernel, stride, padding) of its units, as in torchvision's definition."""


class Block(nn.Module):
    """A block of InceptionV3 with the poolings of pytorch-fid."""

    def __init__(self, kind: str, channels: int, largest: bool = False) -> None:
        super().__init__()
        self.kind, self.largest, self.out = kind, largest, 0
        for branch, shapes in BRANCHES[kind].items():
            for index, shape in enumerate(shapes):
                alone = len(shapes) == 1 and not (kind == "e" and branch == "branch3x3")
                name = branch if alone else f"{branch}_{index + 1}"
                setattr(self, name, Unit(C if index else channels, *shape))
            self.out += C
        if kind == "e":
            for branch, last in (("branch3x3", "2"), ("branch3x3dbl", "3")):
                setattr(self, f"{branch}_{last}a", Unit(C, (1, 3), 1, (0, 1)))
                setattr(self, f"{branch}_{last}b", Unit(C, (3, 1), 1, (1, 0)))
            self.out += 2 * C
        if kind in "bd":
            self.out += channels

    def forward(self, x: Tensor) -> Tensor:
        """All branches beside each other."""
        outputs: list[Tensor] = []
        for branch, shapes in BRANCHES[self.kind].items():
            y = self._pooled(x) if branch == "branch_pool" else x
            if hasattr(self, branch):
                y = getattr(self, branch)(y)
            else:
                for index in range(len(shapes)):
                    y = getattr(self, f"{branch}_{index + 1}")(y)
            last = {"branch3x3": "2", "branch3x3dbl": "3"}.get(branch) if self.kind == "e" else None
            outputs += [getattr(self, f"{branch}_{last}{side}")(y) for side in "ab"] if last else [y]
        if self.kind in "bd":
            outputs.append(functional.max_pool2d(x, 3, 2))
        return torch.cat(outputs, dim=1)

    def _pooled(self, x: Tensor) -> Tensor:
        if self.largest:
            return nn.MaxPool2d(3, 1, 1)(x)  # type: ignore[no-any-return]
        return nn.AvgPool2d(3, 1, 1, count_include_pad=False)(x)  # type: ignore[no-any-return]


def _network() -> nn.Sequential:
    net: dict[str, nn.Module] = {
        "Conv2d_1a_3x3": Unit(3, 3, 2),
        "Conv2d_2a_3x3": Unit(C, 3),
        "Conv2d_2b_3x3": Unit(C, 3, 1, 1),
        "pool1": nn.MaxPool2d(3, 2),
        "Conv2d_3b_1x1": Unit(C, 1),
        "Conv2d_4a_3x3": Unit(C, 3),
        "pool2": nn.MaxPool2d(3, 2),
    }
    channels = C
    for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"):
        kind = {"5b": "a", "5c": "a", "5d": "a", "6a": "b", "7a": "d", "7b": "e", "7c": "e"}.get(name, "c")
        block = Block(kind, channels, largest=name == "7c")
        net[f"Mixed_{name}"], channels = block, block.out
    sequence = nn.Sequential()
    for name, module in net.items():
        sequence.add_module(name, module)
    return sequence.eval()


@pytest.fixture(scope="module")
def network() -> nn.Sequential:
    torch.manual_seed(2)
    return _network()


@pytest.fixture
def knowing(network: nn.Sequential, tmp_path: Path) -> Context:
    """A context that knows this network, and one that lacks a tensor of it."""
    from safetensors.torch import save_file

    part = {"kind": "FeatureExtractor", "class": "FIDInceptionV3", "folder": "net", "feature_space": "tiny-inception"}
    models = {}
    for name in ("whole", "broken"):
        tensors = dict(network.state_dict())
        if name == "broken":
            del tensors["Mixed_7c.branch3x3_2b.bn.weight"]
        folder = tmp_path / name
        (folder / "net").mkdir(parents=True)
        save_file(tensors, folder / "net" / "model.safetensors")
        (folder / "model.json").write_text(json.dumps({"format": 1, "parts": {"feature_extractor": part}}))
        models[f"tiny/{name}"] = folder
    return Context(folders=Folders(models=models))


def _extractor(context: Context, name: str) -> FeatureExtractor:
    found = load_model(context, name).feature_extractor
    assert found is not None
    return found


def test_features_are_those_of_the_network_of_modules(knowing: Context, network: nn.Sequential) -> None:
    pixels = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(1))
    found = image_features(knowing, _extractor(knowing, "tiny/whole"), Image(pixels))
    large = functional.interpolate(pixels, (299, 299), mode="bilinear", align_corners=False) * 2 - 1
    with torch.no_grad():
        theirs = nn.AdaptiveAvgPool2d(1)(network(large))[..., 0, 0]
    torch.testing.assert_close(found.vectors, theirs, rtol=1e-5, atol=1e-6)
    assert (found.vectors.shape, found.space) == ((2, 6 * C), "tiny-inception")
    assert found.vectors.std() > 1e-3


def test_a_picture_is_seen_alone(knowing: Context) -> None:
    extractor = _extractor(knowing, "tiny/whole")
    pixels = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    together = image_features(knowing, extractor, Image(pixels))
    assert image_features(knowing, extractor, Image(pixels[2:])).vectors.equal(together.vectors[2:])
    assert frechet_distance(knowing, together, together) == pytest.approx(0, abs=1e-8)


def test_weights_of_another_network_are_refused(knowing: Context) -> None:
    image = Image(torch.zeros(1, 3, 8, 8))
    with pytest.raises(ModelRefused, match=r"has no tensor 'Mixed_7c.branch3x3_2b.bn.weight'; its weights are not"):
        image_features(knowing, _extractor(knowing, "tiny/broken"), image)
    other = FeatureExtractor("tiny/whole", "feature_extractor", "", {"class": "VGG16"})
    with pytest.raises(ModelRefused, match="the class 'VGG16' is not FIDInceptionV3"):
        image_features(knowing, other, image)


def test_the_size_that_the_network_reads() -> None:
    prepared = inception.prepare(torch.full((1, 3, 10, 20), 0.75))
    assert prepared.shape == (1, 3, 299, 299)
    torch.testing.assert_close(prepared, torch.full_like(prepared, 0.5))
