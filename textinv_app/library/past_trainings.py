"""How long trainings took on this machine, so that the next one is promised no other time."""

from __future__ import annotations

import itertools

from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.presets import PastTraining
from textinv_app.domain.specs import BaseModelRef
from textinv_app.errors import NotFound
from textinv_app.library.artifact_rows import ArtifactRow, ArtifactRows
from textinv_app.library.run_views import RunViews

_NUM_LOOKED_AT = 30
_NUM_COUNTED = 5
"""The newest ones: a data folder may have moved to another machine."""


class PastTrainings:
    """The newest finished trainings, whoever had them made."""

    def __init__(self, artifacts: ArtifactRows, run_views: RunViews) -> None:
        self._artifacts = artifacts
        self._run_views = run_views

    def on(self, base_model: BaseModelRef) -> list[PastTraining]:
        """Return the newest trainings on a base model of which all is known."""
        found = (
            self._past(row)
            for row in self._artifacts.newest_trained(_NUM_LOOKED_AT)
            if _is_of(row.manifest, base_model)
        )
        return list(itertools.islice((one for one in found if one is not None), _NUM_COUNTED))

    def _past(self, row: ArtifactRow) -> PastTraining | None:
        try:
            spec = self._run_views.spec(row.run_id)
        except NotFound:
            return None
        manifest = row.manifest
        if not manifest.steps or not manifest.seconds:
            return None
        return PastTraining(
            family=spec.base_model.family,
            method=spec.method,
            settings=spec.settings,
            num_steps=manifest.steps,
            seconds=manifest.seconds,
        )


def _is_of(manifest: ResultManifest, base_model: BaseModelRef) -> bool:
    if manifest.model_id != base_model.model_id:
        return False
    return base_model.model_id != "custom" or manifest.model_source == base_model.source
