"""The networks: standard classes, GLIDE's conditioning, and shapes that fit each other."""

from __future__ import annotations

import pytest
import torch
from graph_engine_shapes import networks, tokenizer
from graph_engine_shapes.picture_task import enlarged
from graph_engine_shapes.sampling import noise


@torch.no_grad()
def test_the_pooled_text_is_the_projection_of_the_end_token() -> None:
    encoder = networks.text_encoder().eval()
    ids = tokenizer.encode(["a red circle", "a large red circle above a small blue square"])
    out = encoder(input_ids=ids)
    ends = (ids == tokenizer.tokens().index("<eos>")).nonzero()[:, 1]
    at_end = out.last_hidden_state[torch.arange(2), ends]
    torch.testing.assert_close(out.text_embeds, encoder.text_projection(at_end))


@torch.no_grad()
@pytest.mark.parametrize("name", ["base", "upsampler"])
def test_a_unet_takes_text_in_both_ways(name: str) -> None:
    torch.manual_seed(0)
    unet, channels = (networks.base_unet(), 12) if name == "base" else (networks.upsampler_unet(), 48)
    unet.eval()
    x = torch.randn(2, unet.config.in_channels, 16, 16)
    states, pooled = torch.randn(2, tokenizer.MAX_TOKENS, networks.TEXT_WIDTH), torch.randn(2, 256)

    def predict(states: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        return unet(x, torch.tensor([5, 900]), encoder_hidden_states=states, class_labels=pooled).sample

    plain = predict(states, pooled)
    assert plain.shape == (2, channels, 16, 16)
    assert not torch.allclose(plain, predict(states + 1, pooled))
    assert not torch.allclose(plain, predict(states, pooled + 1))


def test_the_upsampler_sees_the_low_resolution_picture_beside_the_noisy_one() -> None:
    channels = networks.upsampler_unet().config.in_channels
    assert enlarged(torch.zeros(1, 3, 32, 32)).shape == (1, channels // 2, 16, 16)


def test_noise_is_each_pictures_own() -> None:
    assert torch.equal(noise([3, 4], 3, 8, 8)[1:], noise([4], 3, 8, 8))


def test_the_schedule_starts_in_pure_noise() -> None:
    scheduler = networks.scheduler()
    scheduler.set_timesteps(10)
    assert int(scheduler.timesteps[0]) == 999
    assert float(scheduler.alphas_cumprod[-1]) < 1e-5
