"""Whole trainings on tiny models, in this process."""

from __future__ import annotations

import json
import sys
import weakref
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from PIL import Image
from safetensors.numpy import load_file, save_file

from tests.assets_folder import REAL_ASSETS
from tests.tiny_models import save_tiny_model
from tests.training.conftest import RunOf, drawn_photos
from textinv_app.domain.concept import Family, Method
from textinv_app.domain.events import (
    CheckpointSaved,
    Event,
    Finished,
    Judged,
    NearestWords,
    Noticed,
    Paused,
    PhaseChanged,
    PlanChosen,
    PreviewSaved,
    StepDone,
    Validated,
)
from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.specs import RunSpec
from textinv_app.drawing.artist import Artist
from textinv_app.errors import BadInput, ModelUnavailable, TrainingFailed
from textinv_app.formats.embedding import read_embedding
from textinv_app.formats.lora_reading import read_lora
from textinv_app.models.loading import load
from textinv_app.models.machine import MachineFacts
from textinv_app.models.photo_latents import encode_photo, use_tiles
from textinv_app.runs.control import Control, ControlWatch, StopRequested, write_control
from textinv_app.runs.layout import RunLayout
from textinv_app.training.faults import Faults
from textinv_app.training.loop import train
from textinv_app.training.pictures import save_picture
from textinv_app.training.plan import Plan
from textinv_app.training.preview import NUM_JUDGED_SEEDS, Previewer, preview_seeds
from textinv_app.training.setup import load_for_training, make_session
from textinv_app.training.state import decode_state, load_newest
from textinv_app.training.stepping import TrainingStep
from textinv_app.training.trainer import Trainer
from textinv_app.training.wearing import (
    Sheet,
    draw_sheets,
    plain_prompt,
    worn_artifact,
    worn_prompt,
)


def run_whole(spec: RunSpec, layout: RunLayout) -> list[Event]:
    """Train and return what happened."""
    return list(train(spec, layout, ControlWatch(layout.control)))


def only(events: Iterable[Event], kind: type[Any]) -> list[Any]:
    """Return the events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def vectors_of(layout: RunLayout) -> dict[str, np.ndarray]:
    """Return the tensors of the published file."""
    return load_file(layout.result / "rexdog.safetensors")


def same_tensors(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    """Tell whether two files hold the same numbers, bit for bit."""
    return list(first) == list(second) and all(
        np.array_equal(first[name], second[name]) for name in first
    )


@pytest.mark.parametrize("method", ["embedding", "lora"])
def test_a_whole_training_leaves_exactly_these_files(run_of: RunOf, method: Method) -> None:
    spec, layout = run_of(spec_changes={"method": method})
    run_whole(spec, layout)
    names = {path.relative_to(layout.root).as_posix() for path in layout.root.rglob("*")}
    assert names == {
        "spec.json",
        "dataset",
        *(f"dataset/{number:03d}.png" for number in range(5)),
        "previews",
        *(f"previews/step-{step:06d}-{index}.webp" for step in (0, 4, 8) for index in (0, 1)),
        "checkpoints",
        "checkpoints/step-000004.ckpt",
        "checkpoints/step-000008.ckpt",
        "result",
        "result/manifest.json",
        "result/rexdog.safetensors",
        *(f"result/picture-{number}.webp" for number in range(5)),
    }


@pytest.mark.parametrize("method", ["embedding", "lora"])
def test_events_tell_the_whole_story_in_order(run_of: RunOf, method: Method) -> None:
    spec, layout = run_of(spec_changes={"method": method})
    events = run_whole(spec, layout)
    phases = list(dict.fromkeys(event.phase for event in only(events, PhaseChanged)))
    assert phases == ["loading_model", "preparing_photos", "training", "exporting", "checking"]
    assert [event.step for event in only(events, Validated)] == [0, 2, 4, 6, 8]
    previews = only(events, PreviewSaved)
    assert [(event.step, event.prompt_index) for event in previews] == [
        (step, index) for step in (0, 4, 8) for index in (0, 1)
    ]
    assert all((layout.root / event.path).is_file() for event in previews)
    assert all("{word}" not in event.prompt and "rexdog" in event.prompt for event in previews)
    assert [event.step for event in only(events, CheckpointSaved)] == [0, 4, 8]
    assert only(events, StepDone)[-1].step == 8
    nearest = only(events, NearestWords)
    assert bool(nearest) == (method == "embedding")
    if nearest:
        assert nearest[0].words[0] == "dog"
        assert nearest[0].similarities[0] == pytest.approx(1.0, abs=1e-4)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.step == 8
    assert finished.stopped_because == "max_steps"
    assert (layout.root / finished.artifact).is_file()
    assert finished.validation_loss_start is not None
    judged = only(events, Judged)
    assert [event.step for event in judged] == [0, 4, 8]
    assert not judged[0].is_best
    assert finished.best_step == [event.step for event in judged if event.is_best][-1]
    assert finished.likeness_end is not None


def test_the_manifest_describes_the_file(run_of: RunOf) -> None:
    import hashlib

    spec, layout = run_of()
    run_whole(spec, layout)
    text = (layout.result / "manifest.json").read_text(encoding="utf-8")
    manifest = ResultManifest.model_validate_json(text)
    artifact = layout.result / manifest.file_name
    assert manifest.sha256 == hashlib.sha256(artifact.read_bytes()).hexdigest()
    assert manifest.size_bytes == artifact.stat().st_size
    assert all((layout.result / name).is_file() for name in manifest.pictures)
    assert len(manifest.drawn) == len(manifest.pictures)
    assert all("rexdog" in one.prompt for one in manifest.drawn)
    assert len({(one.prompt, one.seed) for one in manifest.drawn}) == len(manifest.drawn)
    assert [point.step for point in manifest.validation_losses] == [0, 2, 4, 6, 8]
    assert manifest.best_step in {4, 8}
    assert read_embedding(artifact).metadata["modelspec.trigger_phrase"] == "rexdog"


def test_the_finished_files_pictures_take_more_steps_than_previews(run_of: RunOf) -> None:
    """They are what is looked at longest, and were drawn in the previews' few steps."""
    spec, layout = run_of(preview_inference_steps=2, final_inference_steps=5)
    run_whole(spec, layout)
    text = (layout.result / "manifest.json").read_text(encoding="utf-8")
    manifest = ResultManifest.model_validate_json(text)
    assert {one.num_inference_steps for one in manifest.drawn} == {5}
    worn = [worn_artifact(spec, layout.result / manifest.file_name)]
    prompts = worn_prompt(spec, spec.preview_prompts[0])
    published = np.asarray(Image.open(layout.result / manifest.pictures[0]), dtype=float)
    apart = {}
    for num_steps in (5, 2):
        sheet = Sheet(prompts, [manifest.drawn[0].seed], num_steps)
        again = draw_sheets(Artist(load(spec.base_model)), spec, worn, [sheet])[0][0]
        save_picture(again, layout.root / "again.webp")
        apart[num_steps] = np.abs(np.asarray(Image.open(layout.root / "again.webp")) - published)
    # Drawn alone it may differ from one of a batch in a rounding here and there.
    assert apart[5].mean() < 0.2 * apart[2].mean()


def test_step_zero_draws_what_the_class_word_draws(run_of: RunOf) -> None:
    pictures = {}
    for class_word in ("dog", "cat"):
        spec, layout = run_of(class_word, spec_changes={"class_word": class_word}, num_vectors=1)
        events = train(spec, layout, ControlWatch(layout.control))
        next(event for event in events if isinstance(event, PreviewSaved))
        events.close()  # type: ignore[attr-defined]
        pictures[class_word] = Image.open(layout.previews / "step-000000-0.webp").tobytes()
        sheets = [
            Sheet(plain_prompt(spec, template), preview_seeds(spec, count), 2)
            for template, count in zip(spec.preview_prompts, (NUM_JUDGED_SEEDS, 1), strict=True)
        ]
        plain = draw_sheets(Artist(load(spec.base_model)), spec, [], sheets)
        save_picture(plain[0][0], layout.root / "plain.webp")
        assert Image.open(layout.root / "plain.webp").tobytes() == pictures[class_word]
    assert pictures["dog"] != pictures["cat"]


def test_the_first_step_does_not_wait_for_the_picture_of_the_untrained_word(run_of: RunOf) -> None:
    """The picture is drawn right after it, and still of the word as it was before."""
    pictures = []
    for name, learning_rate in (("slow", 1e-4), ("fast", 0.5)):
        spec, layout = run_of(name, learning_rate=learning_rate)
        events = train(spec, layout, ControlWatch(layout.control))
        seen = []
        for event in events:
            seen.append(event)
            if isinstance(event, Judged):
                break
        events.close()  # type: ignore[attr-defined]
        assert [event.step for event in only(seen, StepDone)] == [1]
        assert seen.index(only(seen, StepDone)[0]) < seen.index(only(seen, PreviewSaved)[0])
        assert {event.step for event in only(seen, PreviewSaved)} == {0}
        pictures.append(Image.open(layout.previews / "step-000000-0.webp").tobytes())
    assert pictures[0] == pictures[1]


class StopAfter(ControlWatch):
    """Asks for something once a number of looks at the control file has gone by."""

    def __init__(self, path: Path, looks: int, wanted: str) -> None:
        super().__init__(path)
        self.looks, self.what = looks, wanted

    def check(self) -> None:
        """Count, and write the control file when the time has come."""
        self.looks -= 1
        if self.looks == 0:
            write_control(self._path, Control(self.what))  # type: ignore[arg-type]
            self._next_look = 0.0
        super().check()


@pytest.mark.parametrize("method", ["embedding", "lora"])
def test_pauses_and_resuming_equal_an_undisturbed_training(run_of: RunOf, method: Method) -> None:
    changes = {"method": method}
    whole, whole_layout = run_of("whole", spec_changes=changes)
    run_whole(whole, whole_layout)
    spec, layout = run_of("paused", spec_changes=changes)
    for looks in (7, 5, 6):
        events = list(train(spec, layout, StopAfter(layout.control, looks, "pause")))
        assert isinstance(events[-1], Paused)
        assert not layout.result.exists()
        layout.control.unlink()
    assert isinstance(run_whole(spec, layout)[-1], Finished)
    assert same_tensors(vectors_of(layout), vectors_of(whole_layout))
    newest, _ = load_newest(layout.checkpoints)
    undisturbed, _ = load_newest(whole_layout.checkpoints)
    assert newest is not None
    assert undisturbed is not None
    assert newest.progress.judgements == undisturbed.progress.judgements
    assert newest.progress.validations == undisturbed.progress.validations


def test_stop_keeps_the_best_so_far(run_of: RunOf) -> None:
    spec, layout = run_of(max_steps=100, preview_every_steps=4)
    events = list(train(spec, layout, StopAfter(layout.control, 60, "stop")))
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.stopped_because == "stopped_by_person"
    assert 0 < finished.best_step <= finished.step < 100
    assert (layout.root / finished.artifact).is_file()


def test_likeness_before_and_after_is_of_the_same_kind_of_pictures_when_stopped(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without anything learnt the pictures are the same, and so is their likeness."""
    monkeypatch.setattr(
        Trainer, "make_step", lambda trainer, _change: made_without_learning(trainer)
    )
    spec, layout = run_of(num_vectors=1)
    control = ControlWatch(layout.control)
    finished = None
    for event in train(spec, layout, control):
        if isinstance(event, Judged):
            write_control(layout.control, Control("stop"))
            control._next_look = 0.0
        finished = event
    assert isinstance(finished, Finished)
    assert finished.stopped_because == "stopped_by_person"
    assert finished.likeness_end is not None
    assert finished.likeness_start == pytest.approx(finished.likeness_end, abs=0.01)


def made_without_learning(trainer: Trainer) -> float:
    """Count a step that moves nothing."""
    trainer.progress = replace(trainer.progress, step=trainer.step + 1)
    return 0.5


def test_stop_before_the_first_judged_step_keeps_the_newest(run_of: RunOf) -> None:
    spec, layout = run_of(max_steps=100, preview_every_steps=50)
    control = ControlWatch(layout.control)
    finished = None
    for event in train(spec, layout, control):
        if isinstance(event, Judged):  # the untrained word, after the first step
            write_control(layout.control, Control("stop"))
        finished = event
    assert isinstance(finished, Finished)
    assert finished.best_step == finished.step > 0


@pytest.mark.parametrize("rate_factor", [1.0, 0.5])
@pytest.mark.parametrize("preview_every_steps", [4, 50])
def test_stop_keeps_the_best_so_far_where_queued_steps_ran_away_unseen(
    run_of: RunOf, rate_factor: float, preview_every_steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, layout = run_of(
        max_steps=100, preview_every_steps=preview_every_steps, checkpoint_every_steps=3
    )
    queue_step = Trainer.queue_step

    def run_away(trainer: Trainer) -> None:
        queue_step(trainer)
        if trainer.step == 5:
            trainer.progress = replace(trainer.progress, rate_factor=rate_factor)
            next(iter(trainer._materials.method.parameters.values())).data.fill_(float("nan"))
            write_control(layout.control, Control("stop"))
            control._next_look = 0.0

    # As on a GPU.
    monkeypatch.setattr(Plan, "reads_every_step", False)
    monkeypatch.setattr(Trainer, "queue_step", run_away)
    control = ControlWatch(layout.control)
    finished = list(train(spec, layout, control))[-1]
    assert isinstance(finished, Finished)
    assert finished.stopped_because == "stopped_by_person"
    assert finished.best_step == (4 if preview_every_steps == 4 else 3)
    assert all(np.isfinite(array).all() for array in vectors_of(layout).values())
    state, _ = load_newest(layout.checkpoints)
    assert state is not None
    assert state.progress.finished_because == "stopped_by_person"


def test_stop_before_the_first_step_keeps_nothing(run_of: RunOf) -> None:
    spec, layout = run_of()
    write_control(layout.control, Control("stop"))
    with pytest.raises(StopRequested):
        run_whole(spec, layout)
    assert not layout.result.exists()


@pytest.mark.parametrize("method", ["embedding", "lora"])
def test_learning_that_runs_away_goes_back_and_slower(
    run_of: RunOf, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PETNAME_TESTING", "1")
    monkeypatch.setenv("PETNAME_FAULT", "train.step:6:nan")
    spec, layout = run_of(spec_changes={"method": method})
    events = run_whole(spec, layout)
    (notice,) = only(events, Noticed)
    assert notice.code == "notice.ran_away"
    assert notice.details == {"step": 6, "back_to": 4}
    assert isinstance(events[-1], Finished)
    state, _ = load_newest(layout.checkpoints)
    assert state is not None
    assert state.progress.rate_factor == 0.5
    assert all(np.isfinite(array).all() for array in vectors_of(layout).values())


def test_learning_that_runs_away_twice_fails_and_keeps_the_checkpoint(run_of: RunOf) -> None:
    spec, layout = run_of(learning_rate=1.0, max_steps=8)
    events: list[Event] = []

    def always_nan(_: Faults, number: int, loss: float) -> float:
        return float("nan") if number >= 6 else loss

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Faults, "change_loss", always_nan)
        with pytest.raises(TrainingFailed) as caught:
            events.extend(train(spec, layout, ControlWatch(layout.control)))
    assert caught.value.code == "run.ran_away"
    for path in layout.checkpoints.iterdir():
        assert decode_state(path.read_bytes()).is_finite()


def test_a_base_model_that_computes_no_numbers_is_not_blamed_on_the_photos(
    run_of: RunOf, tmp_path: Path
) -> None:
    ref = save_tiny_model(tmp_path / "model", "sd1")
    weights = tmp_path / "model" / "unet" / "diffusion_pytorch_model.safetensors"
    broken = load_file(weights) | {"conv_out.bias": np.full(4, np.nan, np.float32)}
    save_file(broken, weights, {"format": "pt"})
    spec, layout = run_of(spec_changes={"base_model": ref})
    with pytest.raises(ModelUnavailable) as caught:
        run_whole(spec, layout)
    assert caught.value.code == "model.not_finite"


def test_too_little_memory_makes_a_smaller_plan_and_says_so(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PETNAME_TESTING", "1")
    monkeypatch.setenv("PETNAME_FAULT", "train.step:3:oom")
    spec, layout = run_of()
    events = run_whole(spec, layout)
    (notice,) = only(events, Noticed)
    assert notice.code == "notice.smaller_plan"
    assert notice.details["pictures_at_a_time"] == 1
    assert isinstance(events[-1], Finished)
    state, _ = load_newest(layout.checkpoints)
    assert state is not None
    assert state.plan.micro_batch_size == 1


@pytest.mark.parametrize(("family", "is_refused"), [("sd1", True), ("crayon", False)])
def test_a_large_model_is_not_trained_on_the_processor_beside_a_graphics_card(
    family: Family, is_refused: bool, run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page had offered it for that card, and it would have taken days."""
    facts = MachineFacts(8 * 10**9, gpu_memory_bytes=8 * 10**9, gpu_name="RTX 3070")
    monkeypatch.setattr("textinv_app.training.this_machine.machine_facts", lambda: facts)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    spec, layout = run_of(family=family, max_steps=2)
    if not is_refused:
        assert isinstance(run_whole(spec, layout)[-1], Finished)
        return
    with pytest.raises(ModelUnavailable) as caught:
        run_whole(spec, layout)
    assert caught.value.code == "model.torch_without_cuda"
    assert "RTX 3070" in caught.value.sentence


def test_a_step_that_cannot_be_recorded_is_told_as_another_plan(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: TrainingStep) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    recorded = Plan("cpu", "fp32", 2, cuda_graph=True)
    # As on a GPU.
    monkeypatch.setattr(Plan, "reads_every_step", False)
    monkeypatch.setattr(TrainingStep, "_record", refuse)
    monkeypatch.setattr("textinv_app.training.loop.choose_plan", lambda *_: recorded)
    spec, layout = run_of(max_steps=2)
    events = run_whole(spec, layout)
    assert [plan.cuda_graph for plan in only(events, PlanChosen)] == [True, False]
    assert isinstance(events[-1], Finished)


def test_too_little_memory_for_the_photos_takes_a_smaller_plan_from_the_start(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PETNAME_TESTING", "1")
    monkeypatch.setenv("PETNAME_FAULT", "encode.picture:2:oom")
    spec, layout = run_of(max_steps=2)
    events = run_whole(spec, layout)
    plans = only(events, PlanChosen)
    assert [plan.pictures_at_a_time for plan in plans] == [2, 1]
    assert plans[0].device == "cpu"
    assert plans[0].peak_bytes > plans[1].peak_bytes
    (notice,) = only(events, Noticed)
    assert notice.code == "notice.smaller_plan"
    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize("since", ["the start", "memory ran out"])
def test_a_vae_in_tiles_computes_pictures_of_the_size_trained_at_in_parts(
    run_of: RunOf, since: str
) -> None:
    spec, layout = run_of()
    model = load_for_training(spec, Plan("cpu", "fp32", 2, tiled_vae=since == "the start"))
    if since != "the start":
        Previewer(model, spec, layout, None, []).use_tiles(True)
    sides: dict[str, list[int]] = {"encoder": [], "decoder": []}
    for name, seen in sides.items():
        getattr(model.vae, name).register_forward_pre_hook(
            lambda _, given, seen=seen: seen.append(given[0].shape[-1])
        )
    mean, _ = encode_photo(model.vae, drawn_photos(1)[0])
    with torch.no_grad():
        picture = model.vae.decode(mean[None]).sample
    assert picture.shape[-1] == spec.settings.resolution_pixels == 64
    assert (max(sides["encoder"]), max(sides["decoder"])) == (32, 4)


def test_a_picture_in_tiles_is_nearly_the_picture() -> None:
    vae = AutoencoderKL.from_pretrained(REAL_ASSETS / "crayon" / "vae", torch_dtype=torch.float32)
    photo = Image.open(REAL_ASSETS / "samples" / "pip" / "01.webp").convert("RGB")

    def there_and_back() -> torch.Tensor:
        mean, _ = encode_photo(vae, photo.resize((128, 128)))
        with torch.no_grad():
            return vae.decode(mean[None]).sample  # type: ignore[no-any-return]

    whole = there_and_back()
    use_tiles(vae, 128)
    difference = (there_and_back() - whole).abs().mean()
    assert 0 < float(difference) < 0.05 * 2


def test_a_model_that_left_no_memory_is_gone_before_the_next_is_loaded(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    unets: list[weakref.ref[Any]] = []
    alive: list[bool] = []

    def load_and_look(*given: Any) -> Any:
        alive.extend(unet() is not None for unet in unets)
        return load_for_training(*given)

    def fail_once(*given: Any) -> Any:
        if unets:
            return make_session(*given)
        make_session(*given)
        unets.append(weakref.ref(given[2].model.unet))
        raise torch.OutOfMemoryError("planned")

    monkeypatch.setattr("textinv_app.training.loop.load_for_training", load_and_look)
    monkeypatch.setattr("textinv_app.training.loop.make_session", fail_once)
    spec, layout = run_of(max_steps=2)
    events = run_whole(spec, layout)
    assert isinstance(events[-1], Finished)
    assert alive == [False]


def test_a_step_that_ran_out_of_memory_is_let_go_of_before_the_smaller_plan_is_set_up(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shrink(trainer: Trainer, plan: Plan) -> None:
        held.append(sys.exc_info()[1])
        original(trainer, plan)

    held: list[BaseException | None] = []
    original = Trainer.shrink
    monkeypatch.setattr(Trainer, "shrink", shrink)
    monkeypatch.setenv("PETNAME_TESTING", "1")
    monkeypatch.setenv("PETNAME_FAULT", "train.step:1:oom")
    spec, layout = run_of(max_steps=2)
    run_whole(spec, layout)
    assert held == [None]


def test_the_step_that_ran_out_of_memory_is_made_again(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, whole_layout = run_of("whole", batch_size=1)
    run_whole(whole, whole_layout)
    monkeypatch.setenv("PETNAME_TESTING", "1")
    monkeypatch.setenv("PETNAME_FAULT", "train.step:3:oom")
    spec, layout = run_of("short", batch_size=1)
    events = run_whole(spec, layout)
    assert only(events, PlanChosen)[-1].gradient_checkpointing
    mine, undisturbed = vectors_of(layout), vectors_of(whole_layout)
    assert all(np.allclose(mine[name], undisturbed[name], atol=1e-4) for name in undisturbed)


def test_pivotal_makes_two_files_that_belong_together(run_of: RunOf) -> None:
    spec, layout = run_of(spec_changes={"method": "pivotal"}, max_steps=4, lora_learning_rate=1e-3)
    events = run_whole(spec, layout)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.artifact == "result/rexdog.safetensors"
    assert finished.companion == "result/rexdog-lora.safetensors"
    text = (layout.result / "manifest.json").read_text(encoding="utf-8")
    manifest = ResultManifest.model_validate_json(text)
    assert manifest.method == "embedding"
    assert manifest.companion is not None
    assert manifest.companion.method == "lora"
    for described in (manifest, manifest.companion):
        size_bytes = (layout.result / described.file_name).stat().st_size
        assert described.size_bytes == size_bytes
    embedding = read_embedding(layout.result / "rexdog.safetensors")
    lora = read_lora(layout.root / finished.companion)
    assert embedding.metadata["petname.companion"] == "rexdog-lora"
    assert lora.metadata["petname.companion"] == "rexdog"
    assert lora.metadata["ss_output_name"] == "rexdog-lora"
    assert any(np.abs(module.up).max() > 0 for module in lora.modules)
    assert only(events, NearestWords)


def test_memory_that_is_never_enough_is_a_reason(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise torch.OutOfMemoryError("planned")

    monkeypatch.setattr("textinv_app.training.trainer.Trainer.make_step", never)
    spec, layout = run_of()
    with pytest.raises(TrainingFailed) as caught:
        run_whole(spec, layout)
    assert caught.value.code == "run.out_of_memory"


@pytest.mark.parametrize("damage", ["flip", "truncate"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(run_of: RunOf, damage: str) -> None:
    whole, whole_layout = run_of("whole")
    run_whole(whole, whole_layout)
    spec, layout = run_of("damaged")
    run_whole(spec, layout)
    newest = layout.checkpoints / "step-000008.ckpt"
    data = bytearray(newest.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    else:
        del data[-200:]
    newest.write_bytes(bytes(data))
    events = run_whole(spec, layout)
    (notice,) = only(events, Noticed)
    assert notice.code == "notice.checkpoint_damaged"
    assert [event.step for event in only(events, CheckpointSaved)] == [8]
    assert same_tensors(vectors_of(layout), vectors_of(whole_layout))


def test_where_every_checkpoint_is_damaged_it_says_that_it_begins_anew(run_of: RunOf) -> None:
    """It said that it goes on from the one before, which there was not."""
    spec, layout = run_of(max_steps=4)
    layout.checkpoints.mkdir()
    damaged = layout.checkpoints / "step-000100.ckpt"
    damaged.write_bytes(b"damaged")
    events = run_whole(spec, layout)
    (notice,) = only(events, Noticed)
    assert notice.code == "notice.checkpoints_lost"
    assert not damaged.exists()


@pytest.mark.parametrize("method", ["embedding", "lora"])
@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_every_family_trains_to_a_file(run_of: RunOf, family: Family, method: Method) -> None:
    spec, layout = run_of(family=family, max_steps=4, spec_changes={"method": method}, num_photos=3)
    assert isinstance(run_whole(spec, layout)[-1], Finished)
    names = set(vectors_of(layout))
    if method == "embedding":
        assert names == ({"clip_l", "clip_g"} if family == "sdxl" else {"emb_params"})
    else:
        prefix = "lora_unet_input_blocks" if family == "sdxl" else "lora_unet_down_blocks"
        assert any(name.startswith(prefix) for name in names)
        assert all(name.startswith("lora_unet_") for name in names)


@pytest.mark.parametrize("method", ["embedding", "lora"])
def test_a_negative_word_goes_into_the_negative_prompt(run_of: RunOf, method: Method) -> None:
    spec, layout = run_of(spec_changes={"kind": "negative", "method": method}, max_steps=4)
    events = run_whole(spec, layout)
    assert isinstance(events[-1], Finished)
    assert all("rexdog" not in event.prompt for event in only(events, PreviewSaved))
    first = Image.open(layout.previews / "step-000000-0.webp").tobytes()
    last = Image.open(layout.previews / "step-000004-0.webp").tobytes()
    assert first != last
    if method == "embedding":
        metadata = read_embedding(layout.result / "rexdog.safetensors").metadata
        assert metadata["modelspec.is_negative_embedding"] == "true"


def test_a_negative_word_is_judged_without_an_image_encoder_too(run_of: RunOf) -> None:
    """Of Stable Diffusion on a fresh machine, where CLIP is not there, nothing was said."""
    spec, layout = run_of(
        family="sd1", num_photos=3, spec_changes={"kind": "negative"}, max_steps=4
    )
    judged = only(run_whole(spec, layout), Judged)
    assert [(event.step, event.likeness) for event in judged] == [(0, None), (4, None)]
    assert judged[-1].is_best


def test_a_run_without_photos_says_so(run_of: RunOf) -> None:
    spec, layout = run_of(num_photos=0)
    with pytest.raises(BadInput) as caught:
        run_whole(spec, layout)
    assert caught.value.code == "run.no_photos"


def test_mirrored_copies_are_trained_on_only_where_allowed(run_of: RunOf) -> None:
    plain, plain_layout = run_of("plain", max_steps=4)
    mirrored, mirrored_layout = run_of("mirrored", max_steps=4, mirror=True)
    run_whole(plain, plain_layout)
    run_whole(mirrored, mirrored_layout)
    assert not same_tensors(vectors_of(plain_layout), vectors_of(mirrored_layout))


def test_numbers_of_judging_are_json(run_of: RunOf) -> None:
    spec, layout = run_of(max_steps=4)
    for event in run_whole(spec, layout):
        json.loads(event.model_dump_json())
        assert not isinstance(event, Judged) or 0 <= event.likeness <= 100


@pytest.mark.parametrize("place", ["validation_loss", "is_sound"])
def test_weights_that_ran_away_unseen_are_noticed_before_a_file_is_written(
    run_of: RunOf, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, layout = run_of()
    true_answer = getattr(Trainer, place)
    times: list[int] = []

    def answer(trainer: Trainer) -> float | bool:
        if trainer.step == 8 and not times:
            times.append(1)
            return float("nan") if place == "validation_loss" else False
        return true_answer(trainer)  # type: ignore[no-any-return]

    monkeypatch.setattr(Trainer, place, answer)
    events = run_whole(spec, layout)
    (notice,) = only(events, Noticed)
    assert notice.details == {"step": 8, "back_to": 4}
    assert isinstance(events[-1], Finished)
