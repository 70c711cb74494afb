"""Measures the web process: ``python -m tests.benchmarks.web``.

Prints one JSON object: seconds from process start to a served page, resident memory then and after
a training was watched, whether torch was loaded, and the processor time of one page tick while a
training runs. Run it on an otherwise idle machine; each figure is the median of several.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.assets_folder import has_real_crayon, tiny_assets
from tests.page_client import PageClient
from tests.photo_makers import drawn_photo
from tests.server import PetnameServer

NUM_TICKS = 100
TRAINING_TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Start:
    """One start of the server, up to the first served page."""

    seconds: float
    processor_seconds: float
    memory_megabytes: float


def one_start(folder: Path) -> Start:
    """Start a server, fetch its page and stop it."""
    server = PetnameServer(folder)
    began = time.perf_counter()
    with server:
        assert httpx.get(server.url, timeout=60).status_code == 200
        seconds = time.perf_counter() - began
        return Start(seconds, processor_seconds(server), server.memory_bytes() / 1e6)


def loads_torch(server: PetnameServer) -> bool:
    """Tell whether the web process has mapped any library of torch."""
    return "libtorch" in Path(f"/proc/{server.pid}/maps").read_text(encoding="utf-8")


def processor_seconds(server: PetnameServer) -> float:
    """Return the processor time the web process has used, in seconds."""
    stat = Path(f"/proc/{server.pid}/stat").read_text(encoding="ascii")
    ticks = stat.rsplit(")", 1)[1].split()
    return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")


def begin_training(page: PageClient, folder: Path) -> None:
    """Teach a drawn pet and wait until its steps are coming."""
    photos = [drawn_photo(folder / f"{seed}.jpg", seed) for seed in range(5)]
    page.server.upload(page.token, photos, purpose="photos")
    page.load()
    page.act("concept.change", field="name", value="Rex")
    page.act("word.take", word="rexdog")
    page.act("train.start", model="crayon", teach="both", preset="careful", key="1")
    page.tick_until(
        lambda seen: any(int(step) > 0 for step in seen.attributes("pn-train-runs", "data-step")),
        TRAINING_TIMEOUT_SECONDS,
    )


def tick_milliseconds(page: PageClient) -> dict[str, float]:
    """Return the processor time of a tick, and its wall time at the client, in milliseconds.

    The supervisor's own work falls into the same time, so it is measured without ticks first.
    """
    with httpx.Client() as client:
        dependency = next(one for one in page.config["dependencies"] if one["api_name"] == "tick")
        before, began = processor_seconds(page.server), time.perf_counter()
        time.sleep(5)
        idle_share = (processor_seconds(page.server) - before) / (time.perf_counter() - began)
        walls = []
        before, began = processor_seconds(page.server), time.perf_counter()
        for _ in range(NUM_TICKS):
            start = time.perf_counter()
            body = {
                "data": [page.token, page.concept_id, page.seen],
                "fn_index": dependency["id"],
                "session_hash": "benchmark",
            }
            answer = client.post(f"{page.server.url}/gradio_api/run/tick", json=body)
            walls.append(time.perf_counter() - start)
            page.take(dependency["outputs"], answer.json()["data"])
            time.sleep(0.1)
        elapsed = time.perf_counter() - began
        used = processor_seconds(page.server) - before - idle_share * elapsed
    return {
        "tick_processor_milliseconds": round(1000 * used / NUM_TICKS, 2),
        "tick_wall_milliseconds_median": round(1000 * statistics.median(walls), 2),
        "idle_processor_percent": round(100 * idle_share, 2),
    }


def measure(num_starts: int) -> dict[str, object]:
    """Return all figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        starts = [one_start(folder / "starts") for _ in range(num_starts)]
        settings = {} if has_real_crayon() else {"assets_dir": str(tiny_assets(folder / "assets"))}
        with PetnameServer(folder / "data", settings) as server:
            page = PageClient(server)
            begin_training(page, folder)
            figures = tick_milliseconds(page)
            torch_loaded = loads_torch(server)
            memory = server.memory_bytes() / 1e6
            page.act("concept.delete", id=page.concept_id)
    return {
        "start_seconds_median": round(statistics.median(one.seconds for one in starts), 2),
        "start_seconds": [round(one.seconds, 2) for one in starts],
        "start_processor_seconds_median": round(
            statistics.median(one.processor_seconds for one in starts), 2
        ),
        "memory_megabytes_at_start": round(
            statistics.median(one.memory_megabytes for one in starts), 1
        ),
        "memory_megabytes_while_training": round(memory, 1),
        "torch_in_web_process": torch_loaded,
        **figures,
        "base_model": "crayon" if has_real_crayon() else "tiny",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    print(json.dumps(measure(parser.parse_args().starts), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
