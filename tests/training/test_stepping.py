"""The step on fixed memory: nothing is read back in it, and queued steps are steps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.training.test_trainer import PLAN, TinyModel, trainer_of
from textinv_app.domain.concept import Family, TrainingMethod
from textinv_app.training.lora import target_layers
from textinv_app.training.narrow_storage import STORAGE_TYPE, store_in_fp8
from textinv_app.training.optimizing import ParameterGroup, TrainingOptimizer
from textinv_app.training.plan import Plan
from textinv_app.training.state import Weights
from textinv_app.training.stepping import TrainingStep
from textinv_app.training.trainer import RanAway, Trainer


class NothingReadBack(TorchDispatchMode):
    """Raises where the host would look at a number of the device, as recording does."""

    READS = ("aten._local_scalar_dense", "aten.nonzero", "aten.item", "aten.is_nonzero")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Look at one operation."""
        assert not str(func).startswith(self.READS), f"{func} waits for the device"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("method", "family", "changes"),
    [
        ("embedding", "sd2", {}),
        ("embedding", "sd1", {"embedding_variant": "directional"}),
        ("embedding", "sd1", {"embedding_variant": "cross", "min_snr_gamma": 5.0}),
        ("pivotal", "sdxl", {}),
    ],
)
@pytest.mark.parametrize("plan", [PLAN, replace(PLAN, gradient_checkpointing=True)])
def test_a_step_reads_nothing_back(
    method: TrainingMethod, family: Family, changes: dict[str, Any], plan: Plan
) -> None:
    trainer, _ = trainer_of(method, family, plan=plan, batch_size=2, **changes)
    trainer.make_step()
    trainer._write_step()
    with NothingReadBack():
        trainer._step.compute()
        trainer._step.update()


def test_reading_back_is_noticed() -> None:
    with pytest.raises(AssertionError, match="waits for the device"), NothingReadBack():
        float(torch.ones(1).sum())


@pytest.mark.parametrize("method", ["embedding", "lora", "pivotal"])
def test_queued_steps_are_the_steps(method: TrainingMethod) -> None:
    read, _ = trainer_of(method, batch_size=2)
    queued, _ = trainer_of(method, batch_size=2)
    losses = [read.make_step() for _ in range(3)]
    for _ in range(3):
        queued.queue_step()
    assert queued.num_unread == 3
    assert queued.read_loss() == pytest.approx(sum(losses) / 3, rel=1e-6)
    assert queued.num_unread == 0
    assert queued.step == 3
    wanted = read.weights()
    assert all(torch.equal(value, wanted[name]) for name, value in queued.weights().items())


@pytest.mark.parametrize(
    ("method", "changes"),
    [
        ("embedding", {}),
        # Its estimate of the distance is no number either by then.
        ("lora", {"optimizer": "prodigy", "learning_rate": 1.0}),
    ],
)
def test_a_queued_step_that_ran_away_is_named_when_it_is_read_and_can_be_undone(
    method: TrainingMethod, changes: dict[str, Any]
) -> None:
    trainer, _ = trainer_of(method, batch_size=2, **changes)
    before = trainer.state()
    trainer.queue_step()
    next(iter(trainer._materials.method.parameters.values())).data.fill_(float("nan"))
    trainer.queue_step()
    trainer.queue_step()
    with pytest.raises(RanAway, match="at step 1"):
        trainer.read_loss()
    trainer.restore(before)
    assert trainer.state().is_finite()
    trainer.make_step()
    assert trainer.step == 1


@pytest.mark.parametrize(
    ("method", "changes"),
    [
        ("embedding", {"embedding_variant": "directional"}),
        ("lora", {"optimizer": "prodigy", "learning_rate": 1.0}),
        ("pivotal", {"embedding_variant": "cross", "lora_learning_rate": 1e-3}),
    ],
)
def test_every_optimizer_goes_on_bit_for_bit(
    method: TrainingMethod, changes: dict[str, Any]
) -> None:
    from textinv_app.training.state import decode_state, encode_state

    undisturbed, _ = trainer_of(method, batch_size=2, **changes)
    for _ in range(2):
        undisturbed.make_step()
    data = encode_state(undisturbed.state())
    resumed, _ = trainer_of(method, batch_size=2, **changes)
    resumed.make_step()
    resumed.restore(decode_state(data))
    assert [undisturbed.make_step() for _ in range(2)] == [resumed.make_step() for _ in range(2)]
    wanted = undisturbed.weights()
    assert all(torch.equal(value, wanted[name]) for name, value in resumed.weights().items())


def test_overwriting_keeps_the_memory_of_the_optimizer() -> None:
    parameter = nn.Parameter(torch.ones(3))
    optimizer = TrainingOptimizer([ParameterGroup((parameter,), 1e-2)], "cpu")
    empty = optimizer.state()
    parameter.grad = torch.ones(3)
    optimizer.step()
    places = [id(value) for value in optimizer._optimizers[0].state[parameter].values()]
    optimizer.overwrite(empty)
    state = optimizer._optimizers[0].state[parameter]
    assert [id(value) for value in state.values()] == places
    assert all(float(value.abs().sum()) == 0 for value in state.values())


def test_directions_keep_their_length_and_turn_by_the_rate() -> None:
    rows = nn.Parameter(torch.randn(2, 8, generator=torch.Generator().manual_seed(0)) * 3)
    start = rows.detach().clone()
    optimizer = TrainingOptimizer([ParameterGroup((rows,), 0.02, kind="sphere")], "cpu")
    rows.grad = torch.randn(2, 8, generator=torch.Generator().manual_seed(1))
    optimizer.step()
    assert torch.allclose(rows.norm(dim=-1), start.norm(dim=-1))
    cosines = torch.cosine_similarity(rows, start, dim=-1)
    assert torch.allclose(torch.acos(cosines), torch.full((2,), 0.02), atol=1e-3)


def test_the_prior_of_a_direction_pulls_back_to_the_start() -> None:
    def turned(prior: float) -> float:
        rows = nn.Parameter(torch.eye(2, 8))
        start = rows.detach().clone()
        optimizer = TrainingOptimizer(
            [ParameterGroup((rows,), 0.05, kind="sphere", prior=prior)], "cpu"
        )
        for step in range(30):
            rows.grad = torch.randn(2, 8, generator=torch.Generator().manual_seed(step))
            optimizer.step()
        return float(torch.cosine_similarity(rows, start, dim=-1).mean())

    assert turned(10.0) > turned(0.0)


def test_directional_rows_have_the_length_of_words() -> None:
    trainer, model = trainer_of("embedding", batch_size=2, embedding_variant="directional")
    matrix = model.text_encoders[0].get_input_embeddings().weight
    wanted = float(matrix.norm(dim=-1).mean())
    trainer.make_step()
    lengths = trainer.weights()["text_encoder"].norm(dim=-1)
    assert torch.allclose(lengths, torch.full_like(lengths, wanted), rtol=1e-5)


def test_weights_in_8_bits_train_as_their_widened_values() -> None:
    """Gradients must see the widened weights, though the layer holds narrow ones by then."""
    narrow, model = trainer_of("lora", "sdxl", batch_size=2)
    wide, twin = trainer_of("lora", "sdxl", batch_size=2)
    for _, layer in target_layers(twin.unet):
        layer.weight.data = layer.weight.data.to(STORAGE_TYPE).float()
    for name, layer in twin.unet.named_modules():
        if isinstance(layer, nn.Linear) and "attentions" in name:
            layer.weight.data = layer.weight.data.to(STORAGE_TYPE).float()
            if layer.bias is not None:
                layer.bias.data = layer.bias.data.to(STORAGE_TYPE).float()
    assert store_in_fp8(model.unet, torch.float32) > 10
    assert store_in_fp8(model.unet, torch.float32) == 0
    for _ in range(2):
        assert narrow.make_step() == pytest.approx(wide.make_step(), rel=1e-5)
    wanted = wide.weights()
    for name, value in narrow.weights().items():
        assert torch.allclose(value, wanted[name], atol=1e-5)
    kept = {layer.weight.dtype for _, layer in target_layers(model.unet)}
    assert kept == {STORAGE_TYPE}


def test_a_step_that_cannot_be_recorded_lets_go_of_the_try_before_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: TrainingStep) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    def shrink(trainer: Trainer, plan: Plan) -> None:
        held.append(sys.exc_info()[1])
        original(trainer, plan)

    held: list[BaseException | None] = []
    original = Trainer.shrink
    monkeypatch.setattr(TrainingStep, "_record", refuse)
    monkeypatch.setattr(Trainer, "shrink", shrink)
    trainer, _ = trainer_of("embedding", batch_size=2, plan=replace(PLAN, cuda_graph=True))
    plain, _ = trainer_of("embedding", batch_size=2)
    trainer.queue_step()
    assert held == [None]
    assert not trainer.plan.cuda_graph
    assert trainer.read_loss() == plain.make_step()


@pytest.mark.parametrize("num_steps", [0, 1])
def test_a_warm_up_that_fails_is_undone(num_steps: int) -> None:
    trainer, _ = trainer_of("lora", batch_size=2)
    for _ in range(num_steps):
        trainer.make_step()
    before = trainer.state()

    def fail_after_a_step() -> None:
        with trainer._step._undone():
            trainer._step.compute()
            trainer._step.update()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail_after_a_step()
    after = trainer.state()
    assert all(torch.equal(value, before.weights[name]) for name, value in after.weights.items())
    for name, value in after.optimizer.items():
        assert torch.equal(value, before.optimizer.get(name, torch.zeros_like(value)))


def strayed(found: Weights, wanted: Weights, start: Weights) -> float:
    """Return how far weights are from the wanted ones, as a share of the way from the start."""
    shares = []
    for name, value in wanted.items():
        moved = float((value - start[name]).norm())
        assert moved > 0, name
        shares.append(float((found[name] - value).norm()) / moved)
    return max(shares)


def test_a_step_that_updates_nothing_has_strayed_by_the_whole_way() -> None:
    trainer, _ = trainer_of("pivotal", batch_size=2)
    start = trainer.weights()
    for _ in range(2):
        trainer.make_step()
    wanted = trainer.weights()
    assert strayed(start, wanted, start) == 1
    assert strayed(wanted, wanted, start) == 0


@contextmanager
def on_the_gpu(method: TrainingMethod, family: Family, **changes: Any) -> Iterator[Trainer]:
    """Give a trainer on the GPU."""
    plan = Plan("cuda", changes.pop("weights", "fp32"), 2, **changes)
    trainer, _ = gpu_trainer(method, family, plan)
    yield trainer


def gpu_trainer(method: TrainingMethod, family: Family, plan: Plan) -> tuple[Trainer, TinyModel]:
    """Return a trainer whose model was moved before it was made."""
    original = TinyModel.__init__

    def moved(model: TinyModel, wanted: Family) -> None:
        original(model, wanted)
        for module in (model.unet, *model.text_encoders):
            module.to(plan.device)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TinyModel, "__init__", moved)
        return trainer_of(method, family, plan=plan, batch_size=2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("weights", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
@pytest.mark.parametrize("method", ["embedding", "lora", "pivotal"])
def test_a_recorded_step_is_the_step(method: TrainingMethod, family: Family, weights: Any) -> None:
    with (
        on_the_gpu(method, family, weights=weights) as eager,
        on_the_gpu(method, family, weights=weights, cuda_graph=True) as recorded,
    ):
        start = eager.weights()
        for _ in range(5):
            eager.queue_step()
            recorded.queue_step()
        assert recorded.plan.cuda_graph
        tolerance = 1e-4 if weights == "fp32" else 5e-2
        assert recorded.read_loss() == pytest.approx(eager.read_loss(), rel=tolerance)
        # Adam takes a step of full length also where a rounded gradient has the other sign.
        share = 0.01 if weights == "fp32" else 0.5
        assert strayed(recorded.weights(), eager.weights(), start) < share


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_recorded_step_goes_on_from_a_state_and_can_recompute() -> None:
    with on_the_gpu("embedding", "sd1", cuda_graph=True) as trainer:
        trainer.queue_step()
        state = trainer.state()
        losses = [trainer.make_step() for _ in range(3)]
        trainer.restore(state)
        assert [trainer.make_step() for _ in range(3)] == pytest.approx(losses, rel=1e-5)
        trainer.restore(state)
        trainer.shrink(replace(trainer.plan, gradient_checkpointing=True))
        assert trainer.plan.cuda_graph
        assert [trainer.make_step() for _ in range(3)] == pytest.approx(losses, rel=1e-3)
