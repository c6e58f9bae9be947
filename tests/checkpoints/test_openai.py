"""OpenAI's U-Nets under the names of diffusers, at their full published size on the meta device, and in numbers."""

from __future__ import annotations

import pytest
import torch
from graph_nodes.checkpoints.openai import ADM, GLIDE, OpenAIUNet, convert
from graph_nodes.checkpoints.tiny.openai import published
from torch import Tensor
from torch.nn import functional

MILLIONS = {"adm-64": 295.9, "adm-256": 553.8, "glide-base": 308.3, "glide-upsample": 321.7}
"""Of the papers and of the published files, the U-Net alone."""


@pytest.mark.parametrize("name", [*ADM, *GLIDE])
def test_every_tensor_of_the_published_file_has_its_place_and_its_shape(name: str) -> None:
    import diffusers

    unet = (ADM | GLIDE)[name]
    config = unet.config()
    assert OpenAIUNet.of(config).config() == config
    with torch.device("meta"):
        file = {key: torch.empty(shape) for key, shape in published(unet)}
        module = getattr(diffusers, config["_class_name"]).from_config(config)
    wanted = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
    made = {key: tuple(tensor.shape) for key, tensor in convert(unet, file).items()}
    assert made.keys() == wanted.keys(), sorted(made.keys() ^ wanted.keys())[:8]
    assert made == wanted
    if name in MILLIONS:
        assert round(sum(tensor.numel() for tensor in file.values()) / 1e6, 1) == MILLIONS[name]


def test_a_tensor_of_another_network_is_named() -> None:
    with pytest.raises(KeyError, match=r"'conv.weight' is no tensor of a U-Net"):
        convert(ADM["adm-64"], {"conv.weight": torch.zeros(1)})


def _block(t: dict[str, Tensor], name: str, x: Tensor, emb: Tensor, resample: str = "") -> Tensor:
    """ResBlock of guided-diffusion, with scale and shift, up or down inside."""

    def get(layer: str) -> tuple[Tensor, Tensor]:
        return t[f"{name}.{layer}.weight"], t[f"{name}.{layer}.bias"]

    def sized(h: Tensor) -> Tensor:
        if resample == "down":
            return functional.avg_pool2d(h, 2)
        return functional.interpolate(h, scale_factor=2, mode="nearest") if resample else h

    h = functional.silu(functional.group_norm(x, 32, *get("in_layers.0")))
    h, x = functional.conv2d(sized(h), *get("in_layers.2"), padding=1), sized(x)
    scale, shift = functional.linear(functional.silu(emb), *get("emb_layers.1"))[..., None, None].chunk(2, dim=1)
    h = functional.group_norm(h, 32, *get("out_layers.0")) * (1 + scale) + shift
    h = functional.conv2d(functional.silu(h), *get("out_layers.3"), padding=1)
    if f"{name}.skip_connection.weight" in t:
        x = functional.conv2d(x, *get("skip_connection"))
    return x + h


def _attend(t: dict[str, Tensor], name: str, x: Tensor, head: int, text: Tensor | None) -> Tensor:
    """AttentionBlock with QKVAttentionLegacy, and GLIDE's keys and values of the text before the picture's."""
    n, c, *size = x.shape
    flat = functional.group_norm(x, 32, t[f"{name}.norm.weight"], t[f"{name}.norm.bias"]).reshape(n, c, -1)
    qkv = functional.conv1d(flat, t[f"{name}.qkv.weight"], t[f"{name}.qkv.bias"])
    q, k, v = qkv.reshape(n * (c // head), 3 * head, -1).split(head, dim=1)
    if text is not None:
        kv = functional.conv1d(text, t[f"{name}.encoder_kv.weight"], t[f"{name}.encoder_kv.bias"])
        text_k, text_v = kv.reshape(n * (c // head), 2 * head, -1).split(head, dim=1)
        k, v = torch.cat([text_k, k], dim=-1), torch.cat([text_v, v], dim=-1)
    weight = torch.einsum("bct,bcs->bts", q, k).div(head**0.5).softmax(-1)
    a = torch.einsum("bts,bcs->bct", weight, v).reshape(n, c, -1)
    a = functional.conv1d(a, t[f"{name}.proj_out.weight"], t[f"{name}.proj_out.bias"])
    return x + a.reshape(n, c, *size)


def _forward(
    unet: OpenAIUNet, t: dict[str, Tensor], x: Tensor, step: Tensor, text: Tensor | None, extra: Tensor
) -> Tensor:
    """UNetModel.forward of guided-diffusion, written anew on a dictionary of tensors."""
    frequencies = torch.exp(-torch.log(torch.tensor(10000.0)) * torch.arange(unet.width // 2) / (unet.width // 2))
    angles = step[:, None].float() * frequencies[None]
    emb = torch.cat([angles.cos(), angles.sin()], dim=-1)
    emb = functional.linear(emb, t["time_embed.0.weight"], t["time_embed.0.bias"])
    emb = functional.linear(functional.silu(emb), t["time_embed.2.weight"], t["time_embed.2.bias"]) + extra
    last, number = len(unet.multiples) - 1, 1
    h = functional.conv2d(x, t["input_blocks.0.0.weight"], t["input_blocks.0.0.bias"], padding=1)
    kept = [h]
    for level, attends in enumerate(unet.levels):
        for _ in range(unet.resnets):
            h = _block(t, f"input_blocks.{number}.0", h, emb)
            h = _attend(t, f"input_blocks.{number}.1", h, unet.head_width, text) if attends else h
            kept.append(h)
            number += 1
        if level < last:
            h = _block(t, f"input_blocks.{number}.0", h, emb, "down")
            kept.append(h)
            number += 1
    h = _block(t, "middle_block.0", h, emb)
    h = _block(t, "middle_block.2", _attend(t, "middle_block.1", h, unet.head_width, text), emb)
    number = 0
    for level, attends in enumerate(reversed(unet.levels)):
        for k in range(unet.resnets + 1):
            h = _block(t, f"output_blocks.{number}.0", torch.cat([h, kept.pop()], dim=1), emb)
            h = _attend(t, f"output_blocks.{number}.1", h, unet.head_width, text) if attends else h
            if k == unet.resnets and level < last:
                h = _block(t, f"output_blocks.{number}.{1 + attends}", h, emb, "up")
            number += 1
    h = functional.silu(functional.group_norm(h, 32, t["out.0.weight"], t["out.0.bias"]))
    return functional.conv2d(h, t["out.2.weight"], t["out.2.bias"], padding=1)


@pytest.mark.parametrize("kind", ["classes", "text"])
def test_the_converted_network_computes_what_the_published_one_does(kind: str) -> None:
    """A small network of each architecture beside the original's forward pass, written anew."""
    import diffusers

    small = {"size": 16, "width": 32, "multiples": (1, 2), "resnets": 1, "attention": (8,), "head_width": 16}
    unet = OpenAIUNet(**small, classes=5) if kind == "classes" else OpenAIUNet(**small, text=24)
    generator = torch.Generator().manual_seed(0)
    t = {name: torch.randn(shape, generator=generator) * 0.1 for name, shape in published(unet)}
    config = unet.config()
    module = getattr(diffusers, config["_class_name"]).from_config(config).eval()
    module.load_state_dict(convert(unet, t))
    x, step = torch.randn(2, 3, 16, 16, generator=generator), torch.tensor([7, 400])
    with torch.no_grad():
        if kind == "classes":
            labels = torch.tensor([1, 3])
            wanted = _forward(unet, t, x, step, None, t["label_emb.weight"][labels])
            made = module(x, step, class_labels=labels).sample
        else:
            text, extra = torch.randn(2, 24, 6, generator=generator), torch.randn(2, 128, generator=generator)
            wanted = _forward(unet, t, x, step, text, extra)
            made = module(x, step, encoder_hidden_states=text.transpose(1, 2), class_labels=extra).sample
    assert float(wanted.std()) > 0.01
    torch.testing.assert_close(made, wanted, rtol=0, atol=2e-5)
