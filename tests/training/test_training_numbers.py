"""Losses, sampling, rates and plans: the numbers a training is made of."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from diffusers import DDPMScheduler

from textinv_app.domain.specs import TrainingSettings
from textinv_app.errors import ModelUnavailable
from textinv_app.training.losses import add_noise, min_snr_weights, noise_schedule, target
from textinv_app.training.pace import Pace
from textinv_app.training.rates import learning_rate
from textinv_app.training.sampling import DrawShape, draw_step

SHAPE = DrawShape(
    num_photos=5, num_prompts=9, num_timesteps=1000, batch_size=4, latent_shape=(4, 8, 8)
)
SETTINGS = TrainingSettings(
    resolution_pixels=512, max_steps=100, batch_size=4, learning_rate=1e-2, warmup_steps=10
)


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
def test_noise_and_targets_are_those_of_diffusers(prediction_type: str) -> None:
    scheduler = DDPMScheduler(prediction_type=prediction_type)
    schedule = noise_schedule(scheduler)
    latents, noise = torch.randn(3, 4, 8, 8), torch.randn(3, 4, 8, 8)
    timesteps = torch.tensor([0, 500, 999])
    expected = scheduler.add_noise(latents, noise, timesteps)
    assert torch.allclose(add_noise(schedule, latents, noise, timesteps), expected, atol=1e-6)
    wanted = noise
    if prediction_type == "v_prediction":
        wanted = scheduler.get_velocity(latents, noise, timesteps)
    assert torch.allclose(target(schedule, latents, noise, timesteps), wanted, atol=1e-6)


def test_a_model_that_predicts_something_else_is_refused() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        noise_schedule(DDPMScheduler(prediction_type="sample"))
    assert caught.value.code == "model.prediction_type"


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
def test_min_snr_weighs_as_in_the_paper(prediction_type: str) -> None:
    scheduler = DDPMScheduler(prediction_type=prediction_type)
    timesteps = torch.tensor([1, 300, 999])
    alphas = scheduler.alphas_cumprod[timesteps].double()
    snr = alphas / (1 - alphas)
    assert snr[0] > 5 > snr[2]
    over = snr if prediction_type == "epsilon" else snr + 1
    weights = min_snr_weights(noise_schedule(scheduler), timesteps, gamma=5.0)
    assert weights.tolist() == pytest.approx((snr.clamp(max=5.0) / over).tolist(), rel=1e-4)


def test_min_snr_weighs_a_schedule_that_ends_in_pure_noise() -> None:
    schedule = noise_schedule(DDPMScheduler(rescale_betas_zero_snr=True))
    assert bool(torch.isfinite(min_snr_weights(schedule, torch.tensor([999]), gamma=5.0)).all())


def test_a_step_draws_the_same_whenever_it_is_made() -> None:
    first, again = draw_step(3, 17, SHAPE), draw_step(3, 17, SHAPE)
    assert first.photo_indices == again.photo_indices
    assert first.prompt_indices == again.prompt_indices
    assert torch.equal(first.timesteps, again.timesteps)
    assert torch.equal(first.noise, again.noise)
    assert not torch.equal(first.noise, draw_step(3, 18, SHAPE).noise)
    assert not torch.equal(first.noise, draw_step(4, 17, SHAPE).noise)


def test_every_photo_comes_once_a_round() -> None:
    indices = [index for step in range(5) for index in draw_step(3, step, SHAPE).photo_indices]
    rounds = [indices[start : start + 5] for start in range(0, 20, 5)]
    assert all(sorted(order) == [0, 1, 2, 3, 4] for order in rounds)
    assert len({tuple(order) for order in rounds}) > 1


def test_timesteps_of_a_step_lie_in_different_quarters() -> None:
    for step in range(20):
        quarters = sorted((draw_step(3, step, SHAPE).timesteps // 250).tolist())
        assert quarters == [0, 1, 2, 3]


def test_the_rate_rises_then_falls_to_zero() -> None:
    rates = [learning_rate(SETTINGS, step) for step in range(100)]
    assert rates[0] < rates[5] < rates[10] == pytest.approx(1e-2)
    assert rates[10] > rates[50] > rates[99] > 0
    assert rates[99] < 1e-4
    assert learning_rate(SETTINGS, 10, 0.5) == pytest.approx(5e-3)


def test_independent_timesteps_may_share_a_quarter() -> None:
    shape = replace(SHAPE, stratified=False)
    quarters = [sorted((draw_step(3, step, shape).timesteps // 250).tolist()) for step in range(20)]
    assert any(found != [0, 1, 2, 3] for found in quarters)
    assert {quarter for found in quarters for quarter in found} == {0, 1, 2, 3}


def test_time_left_counts_steps_and_previews_apart() -> None:
    pace = Pace(SETTINGS.model_copy(update={"preview_every_steps": 20}))
    assert pace.remaining_seconds(0) == 0
    pace.add_round(3.0)
    pace.add_step(0.1)
    pace.add_step(0.3)
    # 60 steps, the rounds at 60, 80 and 100, and the last check.
    assert pace.remaining_seconds(40) == pytest.approx(60 * 0.2 + 4 * 3.0)
    assert pace.remaining_seconds(100) == pytest.approx(3.0)
