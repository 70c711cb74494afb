"""Serves the page on the library in memory, with the three routes the page needs beside it.

``python tests/ui/page_server.py PORT`` runs it; tests start it in a process of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
import uvicorn
from fake_library import FakeLibrary
from fastapi import FastAPI, Request
from starlette.responses import FileResponse, JSONResponse, Response

from textinv_app.library.api import ReceivedFile
from textinv_app.ui.build import build_page
from textinv_app.ui.theme import ASSETS_DIR, mount_options

DEMO_TOKEN = "d" * 64


def fill(library: FakeLibrary) -> None:
    """Give the demo owner a pet with runs, files and pictures."""
    from textinv_app.library.api import DrawingOrder, TrainingOrder

    owner = library.identify(DEMO_TOKEN)
    concept_id = library.use_sample(owner, "biscuit").concept.concept_id
    library.use_sample(owner, "clover")
    order = TrainingOrder(concept_id, ("embedding", "lora"), "crayon", "quick", "k1")
    embedding, lora = library.start_training(owner, order)
    for run in (embedding, lora):
        library.advance(owner, run.run_id, 250)
        library.finish(owner, run.run_id)
    third, _ = library.start_training(
        owner, TrainingOrder(concept_id, ("embedding", "lora"), "crayon", "balanced", "k2")
    )
    library.advance(owner, third.run_id, 150)
    library.redraw(owner, third.run_id, 8)
    lora_id, embedding_id = [one.artifact_id for one in library.list_artifacts(owner)][:2]
    drawing = library.start_drawing(
        owner,
        DrawingOrder("crayon", "a biscuitdog with a red scarf in the snow",
                     embedding_id=embedding_id, lora_id=lora_id, seed=7, num_images=2),
    )  # fmt: skip
    library.draw(owner, drawing.drawing_id, 8)


def build(library: FakeLibrary) -> FastAPI:
    """Build the application."""
    app = FastAPI()

    @app.get("/petname/assets/{name:path}")
    def asset(name: str) -> Response:
        return FileResponse(ASSETS_DIR / name)

    @app.post("/petname/upload")
    async def upload(request: Request, concept_id: str = "", purpose: str = "photos") -> Response:
        owner = library.identify(request.headers["x-petname-owner"])
        form = await request.form()
        received = []
        for upload_file in form.getlist("files"):
            path = Path(tempfile.mkstemp()[1])
            path.write_bytes(await upload_file.read())
            received.append(ReceivedFile(path, upload_file.filename))
        concept_id = concept_id or library.create_concept(owner).concept.concept_id
        result = library.add_photos(owner, concept_id, received)
        refused = [asdict(one) for one in result.refused]
        return JSONResponse(
            {"concept_id": concept_id, "added": result.num_added, "refused": refused}
        )

    @app.post("/test/finish")
    def finish(token: str) -> Response:
        """Let all trainings of a visitor end with a file, as their runners would."""
        owner = library.identify(token)
        for run in library.list_runs(owner):
            if not run.status.is_final:
                library.advance(owner, run.run_id, 250)
                library.finish(owner, run.run_id)
        return JSONResponse({})

    for path, language in (("/fr", "fr"), ("/", "en")):
        page = build_page(library, language)
        gr.mount_gradio_app(app, page, path=path, **mount_options(language))
    return app


if __name__ == "__main__":
    shared = FakeLibrary()
    fill(shared)
    uvicorn.run(build(shared), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
