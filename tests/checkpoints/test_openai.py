"""OpenAI's networks under the names of diffusers, at their full published size on the meta device, and in numbers."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest
import torch
from graph_nodes.checkpoints.headers import TensorInfo
from graph_nodes.checkpoints.openai import ADM, CLASSIFIERS, GLIDE, OpenAIUNet, convert
from graph_nodes.checkpoints.openai_names import find_published, published
from graph_nodes.checkpoints.single_file import CONFIGS
from graph_nodes.weights import COMPONENTS

from .adm_forward import classify, predict

MILLIONS = {
    **{"adm-64": 295.9, "adm-128": 421.5, "adm-256": 553.8, "adm-512": 559.0},
    **{"adm-64-256": 311.8, "adm-128-512": 308.8, "glide-base": 308.3, "glide-upsample": 321.7},
    **{"adm-classifier-64": 65.4, "adm-classifier-128": 42.6, "adm-classifier-256": 54.1, "adm-classifier-512": 54.4},
}
"""What the constructors of the published code make at the flags of its README, the U-Net alone."""
ALL = ADM | CLASSIFIERS | GLIDE


def _made(config: dict[str, Any]) -> Any:
    name = config["_class_name"]
    return getattr(import_module(COMPONENTS[name]), name).from_config(config)


@pytest.mark.parametrize("name", ALL)
def test_every_tensor_of_the_published_file_has_its_place_and_its_shape(name: str) -> None:
    unet = ALL[name]
    config = unet.config()
    assert OpenAIUNet.of(config).config() == config
    with torch.device("meta"):
        file = {key: torch.empty(shape) for key, shape in published(unet)}
        module = _made(config)
    wanted = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
    made = {key: tuple(tensor.shape) for key, tensor in convert(unet, file).items()}
    assert made.keys() == wanted.keys(), sorted(made.keys() ^ wanted.keys())[:8]
    assert made == wanted
    if name in MILLIONS:
        assert round(sum(tensor.numel() for tensor in file.values()) / 1e6, 1) == MILLIONS[name]


@pytest.mark.parametrize("name", ADM | CLASSIFIERS)
def test_the_names_and_shapes_of_a_file_tell_which_configs_are_its_own(name: str) -> None:
    unet = (ADM | CLASSIFIERS)[name]
    assert find_published({key: TensorInfo("F16", shape) for key, shape in published(unet)}) == name
    part = "classifier" if unet.pooled else "unet"
    assert json.loads((CONFIGS / name / part / "config.json").read_text()) == unet.config()


def test_a_tensor_of_another_network_is_named() -> None:
    with pytest.raises(KeyError, match=r"'conv.weight' is no tensor of a U-Net"):
        convert(ADM["adm-64"], {"conv.weight": torch.zeros(1)})
    with pytest.raises(KeyError, match=r"'output_blocks.0.0.in_layers.0.weight' is no tensor of a classifier"):
        convert(CLASSIFIERS["adm-classifier-64"], {"output_blocks.0.0.in_layers.0.weight": torch.zeros(1)})


SMALL: dict[str, Any] = {"size": 16, "multiples": (1, 2), "resnets": 1, "attention": (8, 16), "head_width": 16}
KINDS = {
    "heads of one width, as at 256 pixels": OpenAIUNet(width=32, classes=5, **SMALL),
    "so many heads at each level, as at 128": OpenAIUNet(width=32, classes=5, heads=4, **SMALL),
    "all queries first, as at 64": OpenAIUNet(width=32, classes=5, qkv_apart=True, **SMALL),
    "a first level of half the width, as at 512": OpenAIUNet(width=64, classes=5, **SMALL | {"multiples": (0.5, 1)}),
    "text, as GLIDE": OpenAIUNet(width=32, text=24, **SMALL | {"attention": (8,)}),
}


def _tensors(unet: OpenAIUNet, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Random weights, the norms' about 1, so that what is seen reaches the end."""
    return {
        name: torch.randn(shape, generator=generator) * 0.1 + float(name.endswith("weight") and len(shape) == 1)
        for name, shape in published(unet)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_converted_network_computes_what_the_published_one_does(kind: str) -> None:
    """A small network of each architecture beside the original's forward pass, written anew."""
    unet, generator = KINDS[kind], torch.Generator().manual_seed(0)
    t = _tensors(unet, generator)
    module = _made(unet.config()).eval()
    module.load_state_dict(convert(unet, t))
    x, step = torch.randn(2, 3, 16, 16, generator=generator), torch.tensor([7, 400])
    with torch.no_grad():
        if unet.text:
            text, extra = torch.randn(2, 24, 6, generator=generator), torch.randn(2, 128, generator=generator)
            wanted = predict(unet, t, x, step, text, extra)
            made = module(x, step, encoder_hidden_states=text.transpose(1, 2), class_labels=extra).sample
        else:
            labels = torch.tensor([1, 3])
            wanted = predict(unet, t, x, step, None, t["label_emb.weight"][labels])
            made = module(x, step, class_labels=labels).sample
    assert float(wanted.std()) > 0.01
    torch.testing.assert_close(made, wanted, rtol=0, atol=2e-5)


@pytest.mark.parametrize("multiples", [(1, 2), (0.5, 1)])
def test_the_converted_classifier_gives_the_logits_and_the_gradient_of_the_published_one(
    multiples: tuple[float, ...],
) -> None:
    unet = OpenAIUNet(width=64, classes=7, pooled=True, **SMALL | {"multiples": multiples})
    generator = torch.Generator().manual_seed(0)
    t = _tensors(unet, generator)
    module = _made(unet.config()).eval()
    module.load_state_dict(convert(unet, t))
    step = torch.tensor([7, 400])
    x = torch.randn(2, 3, 16, 16, generator=generator).requires_grad_()
    wanted, (made,) = classify(unet, t, x, step), module(x, step, return_dict=False)
    assert made.shape == (2, 7)
    assert float(wanted.detach().std()) > 0.1
    torch.testing.assert_close(made, wanted, rtol=0, atol=2e-5)
    ours, theirs = (torch.autograd.grad(each.log_softmax(-1)[:, 3].sum(), x)[0] for each in (made, wanted))
    assert float(theirs.std()) > 1e-4
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-6)
