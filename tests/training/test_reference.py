"""Our steps against the reference's arithmetic, on equal batches and noise: equal vectors.

The arithmetic is that of diffusers' ``textual_inversion.py``, written anew: the word is added to
the dictionary, AdamW moves the whole matrix, and after every step the rows of all other words are
put back. Ours trains the new rows alone, with photos encoded once.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler
from torch.nn import functional

from tests.training.conftest import tiny_settings
from tests.training.test_trainer import PLAN, TinyModel
from textinv_app.domain.concept import Family
from textinv_app.training.latents import LatentCache
from textinv_app.training.losses import noise_schedule
from textinv_app.training.rates import learning_rate
from textinv_app.training.sampling import DrawShape, StepDraw, draw_step
from textinv_app.training.text import token_ids
from textinv_app.training.textual_inversion import TextualInversion
from textinv_app.training.trainer import Materials, Trainer

NUM_STEPS = 50
NUM_VECTORS = 2
TEMPLATES = ("a photo of a {word}", "a {word} in the snow", "my {word}")


class Reference:
    """Textual inversion as the reference script computes it, on the batches it is given."""

    def __init__(self, model: TinyModel, latents: LatentCache) -> None:
        self.model, self.latents = model, latents
        self.scheduler = DDPMScheduler.from_config(model.scheduler.config)
        tokenizer, encoder = model.tokenizers[0], model.text_encoders[0]
        known = int(encoder.get_input_embeddings().num_embeddings)
        encoder.resize_token_embeddings(known + NUM_VECTORS)
        matrix = encoder.get_input_embeddings().weight
        start = tokenizer("dog", add_special_tokens=False)["input_ids"][-1]
        with torch.no_grad():
            matrix[known:] = matrix[start].clone()
        matrix.requires_grad_(True)
        self.matrix, self.known = matrix, known
        self.untouched = matrix.detach().clone()
        self.optimizer = torch.optim.AdamW([matrix], lr=1.0, weight_decay=0.0)
        self.ids = torch.tensor(
            [
                token_ids(tokenizer, encoder, text, range(known, known + NUM_VECTORS))
                for text in TEMPLATES
            ]
        )

    def step(self, draw: StepDraw, rate: float) -> None:
        """Make one step; clipping of the norm is the only addition, over the new rows."""
        chosen = torch.tensor(draw.photo_indices)
        latents = self.latents.mean[chosen] + self.latents.std[chosen] * draw.latent_noise
        noisy = self.scheduler.add_noise(latents, draw.noise, draw.timesteps)
        states = self.model.text_encoders[0](self.ids[draw.prompt_indices])[0]
        answer = self.model.unet(noisy, draw.timesteps, states).sample
        wanted = draw.noise
        if self.scheduler.config.prediction_type == "v_prediction":
            wanted = self.scheduler.get_velocity(latents, draw.noise, draw.timesteps)
        functional.mse_loss(answer.float(), wanted.float()).backward()
        assert self.matrix.grad is not None
        norm = self.matrix.grad[self.known :].norm()
        self.matrix.grad[self.known :] /= max(1.0, float(norm))
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        with torch.no_grad():
            self.matrix[: self.known] = self.untouched[: self.known]

    @property
    def rows(self) -> torch.Tensor:
        """The new word's rows."""
        return self.matrix.detach()[self.known :]


@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_fifty_steps_give_the_vectors_of_the_reference(family: Family) -> None:
    settings = tiny_settings(batch_size=2, max_steps=NUM_STEPS, learning_rate=5e-3)
    generator = torch.Generator().manual_seed(1)
    latents = LatentCache(
        torch.randn(4, 4, 8, 8, generator=generator),
        torch.rand(4, 4, 8, 8, generator=generator) * 0.1,
    )
    model = TinyModel(family)
    method: Any = TextualInversion(
        model.text_encoders, model.tokenizers, TEMPLATES, "dog", NUM_VECTORS
    )
    materials = Materials(
        unet=model.unet,
        method=method,
        schedule=noise_schedule(model.scheduler),
        photos=latents,
        held_out=latents,
        settings=settings,
        has_time_ids=False,
    )
    trainer = Trainer(materials, PLAN)
    reference = Reference(TinyModel(family), latents)
    start = reference.rows.clone()
    shape = DrawShape(4, len(TEMPLATES), 1000, 2, latents.latent_shape)
    for step in range(NUM_STEPS):
        trainer.make_step()
        reference.step(draw_step(settings.seed, step, shape), learning_rate(settings, step))
    ours = trainer.weights()["text_encoder"]
    assert float((reference.rows - start).abs().max()) > 0.05
    assert float((ours - reference.rows).abs().max()) < 1e-6
