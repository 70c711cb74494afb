"""A small ``Library`` in memory: real values, drawn pictures, trainings that move when told to."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image, ImageDraw

from textinv_app.domain.concept import Concept, ConceptKind, SquareCrop, usual_class_word
from textinv_app.domain.events import Judged, NearestWords, Noticed, StepDone, Validated
from textinv_app.domain.recipe import Recipe
from textinv_app.domain.status import RunStatus
from textinv_app.domain.views import (
    ArtifactView,
    ConceptView,
    DrawingView,
    ModelView,
    PhotoView,
    PictureView,
    PreviewView,
    PublicationView,
    RunView,
    StorageView,
)
from textinv_app.domain.words import check_word, suggest_word
from textinv_app.errors import BadInput, ModelUnavailable, NotFound, PhotoRefused, QuotaReached
from textinv_app.library.api import (
    ConceptChange,
    DrawingOrder,
    KitView,
    PhotosAdded,
    PresetView,
    PublishFormView,
    PublishOrder,
    ReceivedFile,
    Refusal,
    SampleView,
    TrainingOrder,
    UsageText,
)

MAX_PETS = 5
_COATS = ("#d9863d", "#6b4a36", "#e7d3b1", "#54545c", "#b9c2c9", "#f0eee8")
_GROUNDS = ("#cfe3d4", "#f6d8c4", "#cfe0f0", "#efe2b5", "#e2d4ee", "#d8ead0")


def picture_url(seed: int, *, clear: float = 1.0, size: tuple[int, int] = (160, 160)) -> str:
    """Draw a pet's face as a ``data:`` link; ``clear`` from 0 to 1 says how well it is drawn."""
    width, height = size
    image = Image.new("RGB", size, _GROUNDS[seed % len(_GROUNDS)])
    draw = ImageDraw.Draw(image)
    coat = _COATS[(seed // 3) % len(_COATS)]
    x, y, radius = width * 0.5 + seed % 5 * 3 - 6, height * 0.56, min(size) * 0.3
    for side in (-1, 1):
        ear = [
            (x + side * radius * 0.95, y - radius * 1.3),
            (x + side * radius * 0.2, y - radius * 0.8),
        ]
        draw.polygon([*ear, (x + side * radius * 0.98, y - radius * 0.2)], fill=coat)
    draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=coat)
    for side in (-1, 1):
        eye_x, eye_y = x + side * radius * 0.4, y - radius * 0.15
        draw.ellipse([eye_x - 6, eye_y - 7, eye_x + 6, eye_y + 7], fill="#2a201a")
    draw.ellipse([x - 9, y + radius * 0.25, x + 9, y + radius * 0.25 + 11], fill="#2a201a")
    if clear < 1:
        rough = image.resize((max(2, int(4 + 40 * clear)), max(2, int(4 + 40 * clear))))
        image = rough.resize(size, Image.Resampling.BILINEAR)
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


@dataclass
class Owned:
    """Everything of one owner."""

    concepts: dict[str, ConceptView] = field(default_factory=dict)
    runs: dict[str, RunView] = field(default_factory=dict)
    artifacts: dict[str, ArtifactView] = field(default_factory=dict)
    drawings: dict[str, DrawingView] = field(default_factory=dict)
    publications: dict[str, PublicationView] = field(default_factory=dict)
    keys: dict[str, tuple[RunView, ...]] = field(default_factory=dict)


class FakeLibrary:
    """Implements ``library.api.Library``."""

    def __init__(self) -> None:
        self._owners: dict[str, Owned] = {}
        self._numbers = itertools.count(1)
        self.num_renders = 0
        self.orders: list[TrainingOrder] = []
        self.orders: list[DrawingOrder] = []
        self.publish_orders: list[PublishOrder] = []
        self.logged_in = False
        self.takes_own_models = True

    def identify(self, token: str) -> str:
        if len(token) != 64 or any(letter not in "0123456789abcdef" for letter in token):
            raise BadInput("owner.token", "This browser has no valid token. Reload the page.")
        return hashlib.sha256(token.encode()).hexdigest()[:16]

    def _mine(self, owner: str) -> Owned:
        return self._owners.setdefault(owner, Owned())

    # Concepts
    def list_concepts(self, owner: str) -> tuple[ConceptView, ...]:
        return tuple(reversed(self._mine(owner).concepts.values()))

    def concept(self, owner: str, concept_id: str) -> ConceptView:
        try:
            return self._mine(owner).concepts[concept_id]
        except KeyError:
            raise NotFound("concept.not_found", "There is no such pet.") from None

    def _keep(self, owner: str, concept: Concept, photos: tuple[PhotoView, ...]) -> ConceptView:
        missing = []
        if len(photos) < 1:
            missing.append("missing.photos")
        if not concept.placeholder_token:
            missing.append("missing.word")
        view = ConceptView(concept, photos, not missing, tuple(missing))
        self._mine(owner).concepts[concept.concept_id] = view
        return view

    def create_concept(self, owner: str, kind: ConceptKind = "subject") -> ConceptView:
        if len(self._mine(owner).concepts) >= MAX_PETS:
            raise QuotaReached("quota.concepts", f"At most {MAX_PETS} pets.", limit=MAX_PETS)
        concept = Concept(concept_id=f"c{next(self._numbers)}", kind=kind, name="")
        return self._keep(owner, concept, ())

    def update_concept(self, owner: str, concept_id: str, change: ConceptChange) -> ConceptView:
        view = self.concept(owner, concept_id)
        changed = {key: value for key, value in vars(change).items() if value is not None}
        if changed.get("placeholder_token"):
            self.check_word(owner, concept_id, changed["placeholder_token"])
        if change.kind and view.concept.class_word == usual_class_word(view.concept.kind):
            changed.setdefault("class_word", usual_class_word(change.kind))
        return self._keep(owner, view.concept.model_copy(update=changed), view.photos)

    def suggest_word(self, owner: str, concept_id: str) -> str:
        concept = self.concept(owner, concept_id).concept
        return suggest_word(concept.name, concept.class_word, self._others(owner, concept_id))

    def check_word(self, owner: str, concept_id: str, word: str) -> None:
        concept = self.concept(owner, concept_id).concept
        check_word(word, self._others(owner, concept_id), concept.class_word)

    def _others(self, owner: str, concept_id: str) -> set[str]:
        words = {
            one.concept.placeholder_token
            for one in self.list_concepts(owner)
            if one.concept.concept_id != concept_id
        }
        words |= {one.placeholder_token for one in self.list_artifacts(owner) if one.imported}
        return words - {""}

    def add_photos(self, owner: str, concept_id: str, files: Sequence[ReceivedFile]) -> PhotosAdded:
        view = self.concept(owner, concept_id)
        photos, refused = list(view.photos), []
        for file in files:
            try:
                photos.append(self._photo(file))
            except PhotoRefused as error:
                refused.append(
                    Refusal(file.display_name, error.code, error.sentence, error.details)
                )
        num_added = len(photos) - len(view.photos)
        return PhotosAdded(
            self._keep(owner, view.concept, tuple(photos)), num_added, tuple(refused)
        )

    def _photo(self, file: ReceivedFile) -> PhotoView:
        data = file.path.read_bytes()
        try:
            image = Image.open(io.BytesIO(data)).convert("RGB")
        except OSError as error:
            raise PhotoRefused("photo.not_a_picture", "This is not a picture.") from error
        kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        url = f"data:{kind};base64," + base64.b64encode(data).decode("ascii")
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        return PhotoView(
            photo_id=f"p{next(self._numbers)}",
            display_name=file.display_name,
            width_pixels=image.width,
            height_pixels=image.height,
            left=left,
            top=top,
            side=side,
            photo_url=url,
            square_url=url,
            verdict="small" if side < 100 else "fine",
            verdict_other="",
            notes=(),
        )

    def remove_photo(self, owner: str, concept_id: str, photo_id: str) -> ConceptView:
        view = self.concept(owner, concept_id)
        left = tuple(one for one in view.photos if one.photo_id != photo_id)
        if len(left) == len(view.photos):
            raise NotFound("photo.not_found", "There is no such photo.")
        return self._keep(owner, view.concept, left)

    def move_square(
        self, owner: str, concept_id: str, photo_id: str, square: SquareCrop
    ) -> ConceptView:
        view = self.concept(owner, concept_id)
        photos = tuple(
            replace(one, left=square.left, top=square.top, side=square.side)
            if one.photo_id == photo_id
            else one
            for one in view.photos
        )
        return self._keep(owner, view.concept, photos)

    def list_samples(self) -> tuple[SampleView, ...]:
        pets = (
            ("biscuit", "Biscuit", "dog"),
            ("pepper", "Pepper", "cat"),
            ("clover", "Clover", "rabbit"),
        )
        return tuple(
            SampleView(key, name, word, tuple(picture_url(9 * at + n) for n in range(4)))
            for at, (key, name, word) in enumerate(pets)
        )  # fmt: skip

    def use_sample(self, owner: str, sample_id: str) -> ConceptView:
        sample = next((one for one in self.list_samples() if one.sample_id == sample_id), None)
        if sample is None:
            raise NotFound("sample.not_found", "There is no such sample.")
        verdicts = (
            "fine",
            "fine",
            "small",
            "fine",
            "blurred",
            "fine",
            "same_as",
            "mirrored_copy_of",
        )
        photos = tuple(
            PhotoView(
                photo_id=f"p{next(self._numbers)}",
                display_name=f"{sample.name.lower()}-{n + 1}.png",
                width_pixels=240,
                height_pixels=160,
                left=40,
                top=0,
                side=160,
                photo_url=picture_url(n, size=(240, 160)),
                square_url=picture_url(n),
                verdict=verdict,
                verdict_other=f"{sample.name.lower()}-1.png" if "_" in verdict else "",
                notes=("note.transparent",) if n == 3 else (),
            )
            for n, verdict in enumerate(verdicts)
        )
        concept = Concept(
            concept_id=f"c{next(self._numbers)}",
            name=sample.name,
            class_word=sample.class_word,
            placeholder_token=suggest_word(
                sample.name,
                sample.class_word,
                [one.concept.placeholder_token for one in self.list_concepts(owner)],
            ),
        )
        return self._keep(owner, concept, photos)

    def delete_photos(self, owner: str, concept_id: str) -> ConceptView:
        return self._keep(owner, self.concept(owner, concept_id).concept, ())

    def delete_concept(self, owner: str, concept_id: str) -> None:
        self.concept(owner, concept_id)
        mine = self._mine(owner)
        del mine.concepts[concept_id]
        mine.runs = {key: one for key, one in mine.runs.items() if one.concept_id != concept_id}
        mine.artifacts = {
            key: one for key, one in mine.artifacts.items() if one.concept_id != concept_id
        }

    # Training
    def own_models_allowed(self) -> bool:
        return self.takes_own_models

    def list_models(self) -> tuple[ModelView, ...]:
        giga = 10**9
        return (
            ModelView("crayon", "Crayon", "crayon", "assets/crayon", "Apache-2.0",
                      0, giga, True, ""),
            ModelView("sd15", "Stable Diffusion 1.5", "sd1", "x/sd15", "CreativeML OpenRAIL-M",
                      4 * giga, 8 * giga, False, "model.needs_gpu"),
            ModelView("sd21", "Stable Diffusion 2.1", "sd2", "x/sd21", "CreativeML OpenRAIL++-M",
                      5 * giga, 10 * giga, False, "model.needs_gpu"),
            ModelView("sdxl", "Stable Diffusion XL", "sdxl", "x/sdxl", "CreativeML OpenRAIL++-M",
                      7 * giga, 16 * giga, False, "model.needs_gpu"),
        )  # fmt: skip

    def list_presets(
        self, model_id: str, num_photos: int, like: Recipe | None = None
    ) -> tuple[PresetView, ...]:
        if model_id == "somebody/gone":
            raise ModelUnavailable("model.offline", "This model is not here.", name=model_id)
        seconds = {"quick": 70.0, "balanced": 260.0, "careful": 800.0}
        views = [
            PresetView(preset, method, factor * base, int(base * 3))
            for preset, base in seconds.items()
            for method, factor in (("embedding", 1.0), ("lora", 1.7))
        ]  # type: ignore[arg-type]
        return tuple(
            replace(one, estimated_seconds=float(like.max_steps))
            if like and like.max_steps and like.fits(one.method, one.preset)
            else one
            for one in views
        )

    def start_training(self, owner: str, order: TrainingOrder) -> tuple[RunView, ...]:
        self.orders.append(order)
        mine = self._mine(owner)
        if order.idempotency_key and order.idempotency_key in mine.keys:
            return mine.keys[order.idempotency_key]
        view = self.concept(owner, order.concept_id)
        if not view.ready:
            raise BadInput("train.not_ready", "Add photos and a word first.")
        started = []
        for method in order.methods:
            waiting = sum(one.status is RunStatus.QUEUED for one in mine.runs.values())
            run = RunView(
                run_id=f"r{next(self._numbers)}",
                concept_id=order.concept_id,
                concept_name=view.concept.name,
                placeholder_token=view.concept.placeholder_token,
                kind=view.concept.kind,
                method=method,
                model_id=order.model_id,
                preset=order.preset,
                status=RunStatus.QUEUED,
                wanted="run",
                queue_position=waiting + 1,
                phase="",
                fraction=0.0,
                step=None,
                validations=(),
                verdicts=(),
                nearest_words=None,
                notices=(),
                previews=(),
                attempts=0,
                error_code="",
                error_sentence="",
                error_details={},
                artifact_id="",
                version="0",
            )
            mine.runs[run.run_id] = run
            started.append(run)
        mine.keys[order.idempotency_key] = tuple(started)
        return tuple(started)

    def list_runs(self, owner: str, concept_id: str = "") -> tuple[RunView, ...]:
        runs = self._mine(owner).runs.values()
        return tuple(reversed([one for one in runs if concept_id in ("", one.concept_id)]))

    def run(self, owner: str, run_id: str) -> RunView:
        try:
            return self._mine(owner).runs[run_id]
        except KeyError:
            raise NotFound("run.not_found", "There is no such training.") from None

    def _change(self, owner: str, run_id: str, **changes: object) -> RunView:
        run = self.run(owner, run_id)
        version = str(int(run.version) + 1)
        changed = replace(run, version=version, **changes)  # type: ignore[arg-type]
        self._mine(owner).runs[run_id] = changed
        return changed

    def pause_run(self, owner: str, run_id: str) -> RunView:
        return self._change(owner, run_id, status=RunStatus.PAUSED, wanted="pause")

    def resume_run(self, owner: str, run_id: str) -> RunView:
        return self._change(owner, run_id, status=RunStatus.QUEUED, wanted="run", queue_position=1)

    def stop_run(self, owner: str, run_id: str) -> RunView:
        run = self.run(owner, run_id)
        if run.step is None:
            return self._change(owner, run_id, status=RunStatus.CANCELLED, wanted="stop")
        return self.finish(owner, run_id)

    def remove_run(self, owner: str, run_id: str) -> None:
        self.run(owner, run_id)
        del self._mine(owner).runs[run_id]

    def advance(self, owner: str, run_id: str, step: int, max_steps: int = 250) -> RunView:
        """Let a run reach ``step``."""
        numbers = range(0, step + 1, 25)
        likeness = [min(92.0, 22 + 66 * (1 - 0.985**n)) for n in numbers]
        verdict = "too_early" if step < 75 else "getting_close" if step < 200 else "this_is_it"
        prompts = ("a photo of a rexdog", "a rexdog with a red scarf in the snow")
        return self._change(
            owner,
            run_id,
            status=RunStatus.RUNNING,
            queue_position=0,
            phase="training",
            fraction=step / max_steps,
            step=StepDone(step=step, max_steps=max_steps, loss=0.2, seconds_per_step=0.3,
                          elapsed_seconds=step * 0.3, remaining_seconds=(max_steps - step) * 0.3),
            validations=tuple(
                Validated(step=n, validation_loss=0.14 + 0.09 * 0.985**n + 0.004 * (n % 3))
                for n in numbers
            ),
            verdicts=tuple(
                Judged(step=n, verdict=verdict, likeness=value, is_best=True)
                for n, value in zip(numbers, likeness, strict=True)
            ),
            nearest_words=NearestWords(
                step=step,
                words=("dog", "puppy", "corgi", "ginger", "fox", "rusty"),
                similarities=(0.62, 0.55, 0.47, 0.41, 0.33, 0.29),
            ),
            previews=tuple(
                PreviewView(n, at, prompt, picture_url(4 + at, clear=min(1, 0.1 + n / 220)), value)
                for n, value in zip(numbers, likeness, strict=True)
                for at, prompt in enumerate(prompts)
            ),
        )  # fmt: skip

    def redraw(self, owner: str, run_id: str, count: int) -> RunView:
        """Let the base model draw the photos its own way."""
        drawings = tuple(picture_url(number, clear=0.7) for number in range(count))
        return self._change(owner, run_id, redrawn=drawings)

    def fail(self, owner: str, run_id: str, code: str, sentence: str) -> RunView:
        """Let a run fail."""
        return self._change(
            owner, run_id, status=RunStatus.FAILED, error_code=code, error_sentence=sentence,
            notices=(Noticed(code="notice.continued", details={"step": 25}),),
        )  # fmt: skip

    def finish(self, owner: str, run_id: str) -> RunView:
        """Let a run end with a file."""
        run = self.run(owner, run_id)
        artifact_id = f"a{next(self._numbers)}"
        self._mine(owner).artifacts[artifact_id] = ArtifactView(
            artifact_id=artifact_id,
            concept_id=run.concept_id,
            run_id=run_id,
            name=run.concept_name,
            placeholder_token=run.placeholder_token,
            kind=run.kind,
            method=run.method,
            family="crayon",
            model_id=run.model_id,
            file_name=f"{run.placeholder_token}.safetensors",
            size_bytes=3_214 if run.method == "embedding" else 1_420_000,
            created_at="2026-11-24T18:00:00+00:00",
            training_seconds=74.0 if run.method == "embedding" else 131.0,
            steps=250,
            likeness=81.0 if run.method == "embedding" else 88.0,
            download_url=f"/media/{artifact_id}",
            thumbnail_urls=tuple(picture_url(n) for n in range(4)),
            imported=False,
        )
        return self._change(
            owner, run_id, status=RunStatus.DONE, wanted="run", fraction=1.0,
            artifact_id=artifact_id, phase="",
        )  # fmt: skip

    # Results
    def list_artifacts(self, owner: str) -> tuple[ArtifactView, ...]:
        return tuple(reversed(self._mine(owner).artifacts.values()))

    def artifacts_version(self, owner: str) -> str:
        return " ".join(self._mine(owner).artifacts)

    def artifact(self, owner: str, artifact_id: str) -> ArtifactView:
        try:
            return self._mine(owner).artifacts[artifact_id]
        except KeyError:
            raise NotFound("artifact.not_found", "There is no such file.") from None

    def rename_artifact(self, owner: str, artifact_id: str, name: str) -> ArtifactView:
        renamed = replace(self.artifact(owner, artifact_id), name=name)
        self._mine(owner).artifacts[artifact_id] = renamed
        return renamed

    def delete_artifact(self, owner: str, artifact_id: str) -> None:
        self.artifact(owner, artifact_id)
        del self._mine(owner).artifacts[artifact_id]

    def import_artifact(self, owner: str, file: ReceivedFile) -> ArtifactView:
        raise BadInput("file.not_safetensors", "This is no .safetensors file.")

    def use_as_negative(self, owner: str, artifact_id: str, *, negative: bool) -> ArtifactView:
        kind: ConceptKind = "negative" if negative else "subject"
        changed = replace(self.artifact(owner, artifact_id), kind=kind)
        self._mine(owner).artifacts[artifact_id] = changed
        return changed

    def artifact_path(self, owner: str, artifact_id: str) -> Path:
        return Path("nowhere") / self.artifact(owner, artifact_id).file_name

    def usage(self, owner: str, artifact_id: str) -> tuple[UsageText, ...]:
        one = self.artifact(owner, artifact_id)
        details = {"file": one.file_name, "word": one.placeholder_token, "folder": "embeddings"}
        return (
            UsageText("comfyui", "ComfyUI", ("usage.crayon_only",), "", details),
            UsageText(
                "diffusers",
                "diffusers (Python)",
                ("usage.diffusers.install", "usage.diffusers.run"),
                f'pipe.load_textual_inversion("{one.file_name}")\n',
                details,
            ),
        )

    def kits(self, owner: str, language: str) -> dict[str, tuple[KitView, ...]]:
        return {
            one.artifact_id: (
                KitView("diffusers", "diffusers (Python)", f"/media/k.{language}", True),
                KitView("diffusers", "diffusers (Python)", "/media/f", False, True),
            )
            for one in self.list_artifacts(owner)
        }

    def recipe(self, owner: str, artifact_id: str) -> Recipe:
        one = self.artifact(owner, artifact_id)
        return Recipe(
            method=one.method,
            family=one.family,
            placeholder_token=one.placeholder_token,
            class_word="dog",
            base_model=one.model_id,
            preset="balanced",
            seed=4242,
            max_steps=321,
            num_vectors=2 if one.method == "embedding" else None,
            rank=8 if one.method == "lora" else None,
            is_complete=True,
        )

    # Publications
    def publish_form(self, owner: str, artifact_id: str) -> PublishFormView:
        one = self.artifact(owner, artifact_id)
        pet = self._mine(owner).concepts.get(one.concept_id)
        num_photos = len(pet.photos) if pet else 0
        name = f"{one.placeholder_token}-{one.method}"
        return PublishFormView(artifact_id, one.name, name, num_photos, self.logged_in, one.family)

    def start_publishing(self, owner: str, order: PublishOrder) -> PublicationView:
        one = self.artifact(owner, order.artifact_id)
        if " " in order.repository:
            better = order.repository.replace(" ", "-")
            raise BadInput("publish.bad_name", "Not a name.", suggestion=better)
        if not order.token and not self.logged_in:
            raise BadInput("publish.no_token", "A token is needed.")
        num_photos = self.publish_form(owner, order.artifact_id).num_photos
        self.publish_orders.append(order)
        self._mine(owner).publications[order.artifact_id] = PublicationView(
            artifact_id=order.artifact_id,
            attempt=str(len(self.publish_orders)),
            name=one.name,
            repository=order.repository,
            private=order.private,
            num_photos=num_photos if order.with_photos else 0,
            status="working",
            stage="checking",
            fraction=0.0,
            file_name="",
            url="",
            leftover=False,
            error_code="",
            error_sentence="",
            error_details={},
        )
        return self._mine(owner).publications[order.artifact_id]

    def list_publications(self, owner: str) -> tuple[PublicationView, ...]:
        return tuple(reversed(self._mine(owner).publications.values()))

    def change_publication(self, owner: str, artifact_id: str, **changes: object) -> None:
        """Let a publication go on, as its courier would."""
        mine = self._mine(owner).publications
        if artifact_id not in mine:
            raise NotFound("not_found", "This is not here any more.")
        mine[artifact_id] = replace(mine[artifact_id], **changes)

    def answer_publication(self, owner: str, artifact_id: str, *, update: bool) -> None:
        status = "working" if update else "failed"
        code = "" if update else "publish.exists"
        details = {"repository": "anna/rex"}
        self.change_publication(
            owner, artifact_id, status=status, error_code=code, error_details=details
        )

    def cancel_publication(self, owner: str, artifact_id: str) -> None:
        self.change_publication(owner, artifact_id, stage="ending")

    def dismiss_publication(self, owner: str, artifact_id: str) -> None:
        self.change_publication(owner, artifact_id)
        del self._mine(owner).publications[artifact_id]

    # Drawings
    def start_drawing(self, owner: str, order: DrawingOrder) -> DrawingView:
        self.orders.append(order)
        columns = ["base"]
        columns += ["embedding"] if order.embedding_id else []
        columns += ["lora"] if order.lora_id else []
        columns += ["both"] if order.embedding_id and order.lora_id else []
        drawing = DrawingView(
            drawing_id=f"d{next(self._numbers)}",
            status="waiting",
            fraction=0.0,
            prompt=order.prompt,
            seed=order.seed,
            columns=tuple(columns),
            pictures=(),
            likeness={},
            grid_url="",
            error_code="",
            error_sentence="",
            version="0",
            embedding_id=order.embedding_id,
            lora_id=order.lora_id,
            num_images=order.num_images,
        )
        self._mine(owner).drawings[drawing.drawing_id] = drawing
        return drawing

    def draw(self, owner: str, drawing_id: str, num_pictures: int) -> DrawingView:
        """Let ``num_pictures`` of a drawing be done."""
        drawing = self.drawing(owner, drawing_id)
        wanted = [(row, name) for row in range(drawing.num_images) for name in drawing.columns]
        pictures = tuple(
            PictureView(
                name, row, picture_url(3 * at + 2, clear=0.3 if name == "base" else 1), 50.0
            )
            for at, (row, name) in enumerate(wanted[:num_pictures])
        )
        done = len(pictures) == len(wanted)
        likenesses = (31.0, 78.0, 86.0, 90.0)
        drawn = replace(
            drawing,
            status="done" if done else "drawing",
            fraction=len(pictures) / len(wanted),
            pictures=pictures,
            likeness=dict(zip(drawing.columns, likenesses, strict=False)) if done else {},
            grid_url=picture_url(1) if done else "",
            version=str(num_pictures),
        )  # fmt: skip
        self._mine(owner).drawings[drawing_id] = drawn
        return drawn

    def drawing(self, owner: str, drawing_id: str) -> DrawingView:
        try:
            return self._mine(owner).drawings[drawing_id]
        except KeyError:
            raise NotFound("drawing.not_found", "There are no such pictures.") from None

    def latest_drawing(self, owner: str) -> DrawingView | None:
        drawings = self._mine(owner).drawings
        return list(drawings.values())[-1] if drawings else None

    def cancel_drawing(self, owner: str, drawing_id: str) -> None:
        drawing = replace(
            self.drawing(owner, drawing_id),
            status="done",
            version="cancelled",
            error_code="drawing.cancelled",
        )
        self._mine(owner).drawings[drawing_id] = drawing

    def storage(self, owner: str) -> StorageView:
        return StorageView(
            61_000_000, 500_000_000, 21_400_000_000, 38_000_000, 19_000_000, 4_000_000
        )
