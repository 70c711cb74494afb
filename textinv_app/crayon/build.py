"""Builds Crayon: `python -m textinv_app.crayon.build --work DIR --stage all`.

Stages, in order: `data` (draw the training set), `clip` (text and image encoders), `vae`,
`latents`, `unet`, `refit` (the image encoder, to the text encoder the UNet was trained with),
`decoder` (the autoencoder's, alone), `export`, `samples`. Each can be stopped at any moment and
goes on from its last checkpoint when started again; `--minutes` is its budget over all sittings.
`--start-from FOLDER` begins from an exported model (such as `assets/crayon`) and makes it better,
at a part of the learning rates; `--autoencoder-from FOLDER` takes only the autoencoder of one, as
it is, and builds the rest from nothing.

It trains on a GPU where there is one, then with larger batches (`--batch-scale 8`); else on the
processor, best with as many processes as cores (`--threads`), which also draw the training set.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import platformdirs
import torch
from diffusers import AutoencoderKL

from textinv_app.crayon import shipped
from textinv_app.crayon.clip_model import ClipOptions, CrayonClip
from textinv_app.crayon.dataset import (
    SCENES_PER_PET,
    held_out_scene,
    open_drawings,
    render_drawings,
    render_textures,
)
from textinv_app.crayon.export import Parts, export
from textinv_app.crayon.latents import cache_latents, join_latents, measure_scaling
from textinv_app.crayon.likeness import calibrate
from textinv_app.crayon.model_card import BuildLog, StageLog, read_log
from textinv_app.crayon.precision import training_device
from textinv_app.crayon.quality import reconstruction_psnr_db
from textinv_app.crayon.samples import write_samples
from textinv_app.crayon.sittings import Budget
from textinv_app.crayon.team import Team, gather_team, tell_progress
from textinv_app.crayon.tokenizer import build_tokenizer
from textinv_app.crayon.train_clip import ClipTraining, load_trained_clip, train_clip
from textinv_app.crayon.train_unet import UnetTraining, load_trained_denoiser, train_unet
from textinv_app.crayon.train_vae import (
    VaeOptions,
    load_finished_vae,
    load_given_vae,
    load_trained_vae,
    train_decoder,
    train_vae,
)
from textinv_app.crayon.unet_model import UnetOptions

log = logging.getLogger(__name__)

STAGES = ("data", "clip", "vae", "latents", "unet", "refit", "decoder", "export", "samples")
MINUTES = {"clip": 20.0, "vae": 60.0, "unet": 460.0, "refit": 8.0, "decoder": 20.0}
_GOING_ON_SHARE = 0.2
"""Learning rates of a build that starts from an exported model, as a share of the usual ones."""
ASSETS = Path(__file__).resolve().parents[2] / "assets"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is built: the sizes of everything, and where."""

    work: Path
    assets: Path
    start: Path | None = None
    """An exported model to go on from, or None to build one from nothing."""
    autoencoder: Path | None = None
    """An exported model whose autoencoder is taken as it is, or None to train one."""
    threads: int = 1
    minutes: float | None = None
    max_steps: int | None = None
    checkpoint_seconds: float = 150.0
    drawings: int = 60_000
    first_scene: int = 0
    """Number of the first scene; a build that goes on learns more from scenes that are new."""
    textures: int = 6_000
    calibration_pets: int = 240
    vae: VaeOptions = dataclasses.field(default_factory=VaeOptions)
    clip: ClipTraining = dataclasses.field(default_factory=ClipTraining)
    unet: UnetTraining = dataclasses.field(default_factory=UnetTraining)

    @property
    def members(self) -> int:
        """How many processes train together: one for a GPU, which it fills alone."""
        return 1 if training_device().type == "cuda" else self.threads

    def budget_of(self, stage: str) -> Budget:
        """Return how long a stage may train."""
        minutes = MINUTES[stage] if self.minutes is None else self.minutes
        return Budget(minutes, self.max_steps, self.checkpoint_seconds)


def tiny(plan: Plan) -> Plan:
    """Return the plan with everything so small that all stages take seconds: for tests."""
    towers = ClipOptions(
        text_width=32, text_layers=1, image_width=32, image_layers=1, image_heads=2, shared_width=16
    )
    return dataclasses.replace(
        plan,
        max_steps=plan.max_steps or 3,
        drawings=48,
        textures=8,
        calibration_pets=12,
        vae=VaeOptions(block_out_channels=(8, 8, 16, 16), batch_size=4),
        clip=ClipTraining(towers=towers, pets_per_batch=4),
        unet=UnetTraining(
            unet=UnetOptions(block_out_channels=(32, 32), text_width=32),
            towers=towers,
            batch_size=2,
        ),
    )


def build_data(plan: Plan) -> None:
    """Draw the training set."""
    scenes = range(plan.first_scene, plan.first_scene + plan.drawings)
    render_drawings(plan.work, scenes, plan.threads)
    if plan.autoencoder is None:
        render_textures(plan.work, plan.textures)


def build_clip(plan: Plan) -> None:
    """Train text and image encoder by contrast; an exported model already has its own."""
    if plan.start is not None:
        return
    train_clip(plan.work, build_tokenizer(), plan.clip, plan.budget_of("clip"))


def build_vae(plan: Plan) -> None:
    """Train the autoencoder, unless that of an exported model is taken."""
    if plan.autoencoder is not None:
        return
    gather_team(plan.members, functools.partial(_train_vae_member, plan))


def build_latents(plan: Plan) -> None:
    """Encode the training set once; what an earlier call has finished is kept."""
    if (plan.work / "paired_latents.npy").exists():
        return
    scaling_path = plan.work / "scaling.json"
    if not scaling_path.exists():
        given = plan.autoencoder or plan.start
        if given is not None:
            # The UNet knows its latents at this size.
            scaling = shipped.latent_scaling(given)
        else:
            scaling = measure_scaling(load_trained_vae(plan.work, plan.vae), plan.work)
        scaling_path.write_text(json.dumps(scaling), encoding="utf-8")
    gather_team(plan.members, functools.partial(_cache_part, plan))
    join_latents(plan.work, plan.members)


def build_unet(plan: Plan) -> None:
    """Train the UNet, with the text encoder."""
    gather_team(plan.members, functools.partial(_train_unet_member, plan))


def build_refit(plan: Plan) -> None:
    """Fit the image encoder to the text encoder as the UNet's training has left it."""
    tokenizer = build_tokenizer()
    clip = _clip_with_final_text(plan)
    training = dataclasses.replace(
        plan.clip, freeze_text=True, muon_lr=plan.clip.muon_lr / 2, adam_lr=plan.clip.adam_lr / 2
    )
    train_clip(
        plan.work,
        tokenizer,
        training,
        plan.budget_of("refit"),
        stage="refit",
        start=clip,
    )


def build_decoder(plan: Plan) -> None:
    """Train the autoencoder's decoder on, for latents as they are."""
    if plan.autoencoder is not None:
        return
    gather_team(plan.members, functools.partial(_train_decoder_member, plan))


def build_export(plan: Plan) -> None:
    """Write the model folder."""
    tokenizer = build_tokenizer()
    vae = _finished_vae(plan)
    scaling = json.loads((plan.work / "scaling.json").read_text(encoding="utf-8"))
    vae.register_to_config(scaling_factor=scaling)
    denoiser = load_trained_denoiser(plan.work, tokenizer, plan.unet)
    refitted = (plan.work / "refit.pt").exists()
    clip = (
        load_trained_clip(plan.work, tokenizer, plan.clip.towers, "refit")
        if refitted
        else _clip_with_final_text(plan)
    )
    parts = Parts(
        tokenizer=tokenizer,
        vae=vae,
        denoiser=denoiser,
        clip=clip,
        calibration=calibrate(clip, plan.calibration_pets),
        familiar_pets=max(1, plan.calibration_pets // 4),
        build_log=BuildLog(
            stages=(*_earlier_logs(plan), *_stage_logs(plan)),
            drawings=len(open_drawings(plan.work)),
            pets=len(open_drawings(plan.work)) // SCENES_PER_PET,
            hardware=_hardware(),
            psnr_drawings_db=reconstruction_psnr_db(vae, [held_out_scene(i, 0) for i in range(32)]),
            parameters={
                "vae": _count(vae),
                "unet": _count(denoiser.unet),
                "text_encoder": _count(denoiser.text),
                "image_encoder": _count(clip.image),
            },
        ),
    )
    export(parts, plan.assets / "crayon")


def build_samples(plan: Plan) -> None:
    """Draw the sample pets."""
    write_samples(plan.assets / "samples")


BUILDERS: dict[str, Callable[[Plan], None]] = {
    "data": build_data,
    "clip": build_clip,
    "vae": build_vae,
    "latents": build_latents,
    "unet": build_unet,
    "refit": build_refit,
    "decoder": build_decoder,
    "export": build_export,
    "samples": build_samples,
}


def main(arguments: list[str] | None = None) -> None:
    """Run one stage, or all of them in order."""
    parser = argparse.ArgumentParser(prog="textinv_app.crayon.build", description=__doc__)
    default_work = os.environ.get("PETNAME_CRAYON_WORK") or platformdirs.user_cache_dir("crayon")
    parser.add_argument("--work", type=Path, default=Path(default_work))
    parser.add_argument("--assets", type=Path, default=ASSETS)
    parser.add_argument("--stage", choices=(*STAGES, "all"), default="all")
    parser.add_argument("--start-from", type=Path, default=None, metavar="FOLDER")
    parser.add_argument("--autoencoder-from", type=Path, default=None, metavar="FOLDER")
    parser.add_argument("--drawings", type=int, default=Plan.drawings)
    parser.add_argument("--first-scene", type=int, default=0, help="a later one: other drawings")
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("--threads", type=int, default=1, help="processes of one thread each")
    parser.add_argument("--batch-scale", type=int, default=1, help="larger batches, for a GPU")
    parser.add_argument("--max-steps", type=int, default=None)
    parser.add_argument("--checkpoint-seconds", type=float, default=150.0)
    parser.add_argument("--tiny", action="store_true", help="build a toy in seconds")
    options = parser.parse_args(arguments)
    tell_progress()
    torch.set_num_threads(1 if options.threads > 1 else max(1, torch.get_num_threads()))
    plan = Plan(
        work=options.work,
        assets=options.assets,
        start=options.start_from,
        autoencoder=options.autoencoder_from,
        threads=options.threads,
        drawings=options.drawings,
        first_scene=options.first_scene,
        minutes=options.minutes,
        max_steps=options.max_steps,
        checkpoint_seconds=options.checkpoint_seconds,
    )
    if options.tiny:
        plan = tiny(plan)
    if plan.start is not None:
        plan = _gently(plan)
    plan = _widened(plan, options.batch_scale)
    for stage in STAGES if options.stage == "all" else (options.stage,):
        log.info("stage %s", stage)
        BUILDERS[stage](plan)


def _finished_vae(plan: Plan) -> AutoencoderKL:
    if plan.autoencoder is not None:
        # Asked for by name: one that was trained in this work folder does not count.
        return load_given_vae(plan.autoencoder, plan.vae)
    return load_finished_vae(plan.work, plan.vae, plan.start)


def _cache_part(plan: Plan, team: Team) -> None:
    # The decoder that is trained on later leaves the latents as they are.
    cache_latents(_finished_vae(plan), plan.work, team.rank, team.size)


def _train_vae_member(plan: Plan, team: Team) -> None:
    train_vae(team, plan.work, plan.vae, plan.budget_of("vae"), plan.start)


def _train_decoder_member(plan: Plan, team: Team) -> None:
    train_decoder(team, plan.work, plan.vae, plan.budget_of("decoder"))


def _train_unet_member(plan: Plan, team: Team) -> None:
    train_unet(team, plan.work, build_tokenizer(), plan.unet, plan.budget_of("unet"), plan.start)


def _widened(plan: Plan, scale: int) -> Plan:
    """Return the plan with batches so many times larger."""
    return dataclasses.replace(
        plan,
        vae=dataclasses.replace(plan.vae, batch_size=plan.vae.batch_size * scale),
        clip=dataclasses.replace(plan.clip, pets_per_batch=plan.clip.pets_per_batch * scale),
        unet=dataclasses.replace(plan.unet, batch_size=plan.unet.batch_size * scale),
    )


def _clip_with_final_text(plan: Plan) -> CrayonClip:
    tokenizer = build_tokenizer()
    if plan.start is not None:
        clip = CrayonClip(tokenizer, plan.clip.towers)
        shipped.load_towers(plan.start, clip, tokenizer)
        clip.eval().requires_grad_(False)
    else:
        clip = load_trained_clip(plan.work, tokenizer, plan.clip.towers)
    denoiser = load_trained_denoiser(plan.work, tokenizer, plan.unet)
    clip.text.load_state_dict(denoiser.text.state_dict())
    return clip


def _earlier_logs(plan: Plan) -> tuple[StageLog, ...]:
    if plan.start is not None:
        return read_log(plan.start)
    given = () if plan.autoencoder is None else read_log(plan.autoencoder)
    return tuple(row for row in given if row.stage.startswith(("vae", "decoder")))


def _stage_logs(plan: Plan) -> tuple[StageLog, ...]:
    logs = []
    given = () if plan.autoencoder is None else ("vae", "decoder")
    for stage in ("clip", "vae", "unet", "refit", "decoder"):
        path = plan.work / f"{stage}.pt"
        if stage not in given and path.exists():
            progress = torch.load(path, map_location="cpu", weights_only=True)["progress"]
            name = stage if plan.start is None else f"{stage}, gone on from the shipped weights"
            minutes = progress["seconds"] / 60
            logs.append(StageLog(name, progress["pictures"], minutes, progress["steps"]))
    return tuple(logs)


def _gently(plan: Plan) -> Plan:
    """Return the plan with the learning rates of a model that already knows its world."""
    share = _GOING_ON_SHARE
    return dataclasses.replace(
        plan,
        vae=dataclasses.replace(
            plan.vae, muon_lr=plan.vae.muon_lr * share, adam_lr=plan.vae.adam_lr * share
        ),
        unet=dataclasses.replace(
            plan.unet,
            muon_lr=plan.unet.muon_lr * share,
            adam_lr=plan.unet.adam_lr * share,
            # Its words are known; words that people have taught it keep their places.
            text_share=0.0,
            twins_share=1.0,
            weight_decay=0.0,
        ),
    )


def _hardware() -> str:
    if training_device().type == "cuda":
        return f"one {torch.cuda.get_device_name()}"
    return f"{os.cpu_count()} CPU cores, shared with other programs"


def _count(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


if __name__ == "__main__":
    main()
