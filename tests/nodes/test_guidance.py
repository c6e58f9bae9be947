"""Guidance rules against diffusers' own and against the formulas in float64."""

from __future__ import annotations

import pytest
import torch
from graph_nodes import guidance as nodes
from graph_nodes.science.guidance import RULES, make_guide, rescale_guidance
from graph_nodes.science.step import Step, clean_estimate, prediction_of
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from graph_engine import Guidance


def _pair(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, 4, 5, generator=generator), torch.randn(2, 3, 4, 5, generator=generator)


def _step(index: int = 0, total: int = 10, alpha_bar: float = 0.5, prediction_type: str = "epsilon") -> Step:
    x = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(9))
    return Step(index, total, torch.tensor(500), x, alpha_bar, prediction_type)


@given(scale=st.floats(0, 20), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_classifier_free_guidance_is_the_formula_of_ho_and_salimans(scale: float, seed: int) -> None:
    conditional, null = _pair(seed)
    guided = make_guide([("classifier_free", {"scale": scale})])(_step(), conditional, null)
    expected = null.double() + scale * (conditional.double() - null.double())
    torch.testing.assert_close(guided.double(), expected if scale != 1 else conditional.double(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.7, 1.0])
def test_rescale_is_that_of_diffusers_and_of_lin_et_al(phi: float) -> None:
    from diffusers.guiders.guider_utils import rescale_noise_cfg

    conditional, null = _pair()
    guided = null + 7.5 * (conditional - null)
    ours = make_guide([("classifier_free", {"scale": 7.5, "rescale": phi})])(_step(), conditional, null)
    assert torch.equal(ours, rescale_noise_cfg(guided, conditional, phi))
    if phi == 1.0:
        wanted = conditional.double().flatten(1).std(dim=1)
        torch.testing.assert_close(rescale_guidance(guided, conditional, 1.0).double().flatten(1).std(dim=1), wanted)


@pytest.mark.parametrize("momentum", [0.0, -0.5])
@pytest.mark.parametrize(("eta", "norm_threshold"), [(0.0, 0.0), (0.5, 0.0), (1.0, 2.5)])
def test_adaptive_projected_guidance_is_that_of_diffusers(momentum: float, eta: float, norm_threshold: float) -> None:
    from diffusers.guiders.adaptive_projected_guidance import MomentumBuffer, normalized_guidance

    settings_ = {"scale": 6.0, "eta": eta, "norm_threshold": norm_threshold, "momentum": momentum}
    guide, memory = make_guide([("adaptive_projected", settings_)]), MomentumBuffer(momentum)
    for index in range(3):
        conditional, null = _pair(index)
        if momentum:
            memory.running_average = torch.as_tensor(memory.running_average)
        theirs = normalized_guidance(conditional, null, 5.0, memory if momentum else None, eta, norm_threshold, True)
        torch.testing.assert_close(guide(_step(index), conditional, null), theirs, rtol=1e-5, atol=1e-5)


def test_projected_guidance_with_all_of_the_parallel_part_is_classifier_free_guidance() -> None:
    conditional, null = _pair()
    projected = make_guide([("adaptive_projected", {"scale": 4.0, "eta": 1.0})])(_step(), conditional, null)
    plain = make_guide([("classifier_free", {"scale": 4.0})])(_step(), conditional, null)
    torch.testing.assert_close(projected, plain, rtol=1e-5, atol=1e-5)


def test_zero_star_is_that_of_diffusers() -> None:
    from diffusers.guiders import ClassifierFreeZeroStarGuidance

    guider = ClassifierFreeZeroStarGuidance(guidance_scale=4.0, zero_init_steps=1)
    guide = make_guide([("zero_star", {"scale": 4.0, "zero_steps": 1})])
    conditional, null = _pair()
    for index in range(3):
        guider.set_state(step=index, num_inference_steps=10, timestep=torch.tensor(500))
        theirs = guider.forward(conditional, null).pred
        torch.testing.assert_close(guide(_step(index), conditional, null), theirs, rtol=1e-5, atol=1e-5)


def test_tangential_guidance_is_that_of_diffusers() -> None:
    from diffusers.guiders.tangential_classifier_free_guidance import normalized_guidance

    conditional, null = _pair()
    ours = make_guide([("tangential", {"scale": 4.0})])(_step(), conditional, null)
    torch.testing.assert_close(ours, normalized_guidance(conditional, null, 4.0), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample"])
def test_dynamic_thresholding_is_that_of_diffusers(prediction_type: str) -> None:
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(thresholding=True, dynamic_thresholding_ratio=0.9, sample_max_value=3.0)
    step, (conditional, _) = _step(alpha_bar=0.3, prediction_type=prediction_type), _pair()
    guide = make_guide([("dynamic_thresholding", {"percentile": 0.9, "maximum": 3.0})])
    theirs = scheduler._threshold_sample(clean_estimate(step, conditional))
    ours = clean_estimate(step, guide(step, conditional, None))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    assert ours.abs().max() <= 1 + 1e-5


@given(alpha_bar=st.floats(0.01, 0.99), kind=st.sampled_from(["epsilon", "v_prediction", "sample"]))
@settings(max_examples=30, deadline=None)
def test_a_prediction_and_its_clean_picture_stand_for_each_other(alpha_bar: float, kind: str) -> None:
    """Against x_t = sqrt(abar) x_0 + sqrt(1 - abar) eps and v = sqrt(abar) eps - sqrt(1 - abar) x_0."""
    x_0, eps = (value.double() for value in _pair(3))
    a, s = alpha_bar**0.5, (1 - alpha_bar) ** 0.5
    step = Step(0, 1, torch.tensor(0), a * x_0 + s * eps, alpha_bar, kind)
    prediction = {"epsilon": eps, "v_prediction": a * eps - s * x_0, "sample": x_0}[kind]
    torch.testing.assert_close(clean_estimate(step, prediction), x_0)
    torch.testing.assert_close(prediction_of(step, x_0), prediction)


@pytest.mark.parametrize(
    ("start", "stop", "guided"),
    [(0.0, 1.0, range(10)), (0.3, 1.0, range(3, 10)), (0.0, 0.3, range(3)), (0.25, 0.55, range(3, 6)), (0.5, 0.5, [])],
)
def test_an_interval_is_a_part_of_the_steps(start: float, stop: float, guided: list[int]) -> None:
    guide = make_guide([("classifier_free", {"scale": 3.0, "start": start, "stop": stop})])
    conditional, null = _pair()
    assert [k for k in range(10) if guide.wants_unconditional(k, 10)] == list(guided)
    for k in range(10):
        unchanged = torch.equal(guide(_step(k), conditional, null), conditional)
        assert unchanged == (k not in guided)


def test_rules_stack_the_innermost_first() -> None:
    conditional, null = _pair()
    step = _step(alpha_bar=0.3)
    settings_ = {"percentile": 0.9, "maximum": 100.0}
    stacked = make_guide([("classifier_free", {"scale": 8.0}), ("dynamic_thresholding", settings_)])
    plain = make_guide([("classifier_free", {"scale": 8.0})])(step, conditional, null)
    expected = make_guide([("dynamic_thresholding", settings_)])(step, plain, None)
    assert torch.equal(stacked(step, conditional, null), expected)
    assert stacked.wants_unconditional(0, 10)


def test_a_rule_that_remembers_starts_afresh_in_each_run() -> None:
    conditional, null = _pair()
    chain = [("adaptive_projected", {"momentum": -0.5})]
    first = make_guide(chain)
    once, twice = first(_step(), conditional, null), first(_step(), conditional, null)
    assert not torch.equal(once, twice)
    assert torch.equal(make_guide(chain)(_step(), conditional, null), once)


def test_every_node_makes_a_guidance_that_the_sampler_knows() -> None:
    made = [
        nodes.no_guidance(),
        nodes.classifier_free_guidance(),
        nodes.adaptive_projected_guidance(),
        nodes.zero_star_guidance(),
        nodes.static_thresholding(),
        nodes.tangential_guidance(),
        nodes.dynamic_thresholding(nodes.classifier_free_guidance(5.0)),
    ]
    assert {item.rule for item in made} == set(RULES)
    for item in made:
        make_guide([(item.rule, item.settings)])
    assert made[-1].base == Guidance("classifier_free", {"scale": 5.0, "rescale": 0.0, "start": 0.0, "stop": 1.0})
