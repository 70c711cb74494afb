"""Measures a crowd: ``python -m tests.benchmarks.many_browsers``.

A hundred open pages ask every two seconds what is new, as browsers do. Prints one JSON object with
how long an answer takes (milliseconds), errors, and the share of a core the web process uses.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests.benchmarks.web import processor_seconds
from tests.page_client import PageClient
from tests.server import PetnameServer, new_token

TICK_SECONDS = 2.0
RUN_SECONDS = 30.0


async def one_browser(
    client: httpx.AsyncClient, fn_index: int, number: int, walls: list[float]
) -> int:
    """Tick for ``RUN_SECONDS``; return the number of errors."""
    token, seen, errors = new_token(), "", 0
    await asyncio.sleep(TICK_SECONDS * (number % 20) / 20)
    give_up = time.monotonic() + RUN_SECONDS
    while time.monotonic() < give_up:
        body = {"data": [token, "", seen], "fn_index": fn_index, "session_hash": f"s{number}"}
        began = time.perf_counter()
        answer = await client.post("/gradio_api/run/tick", json=body)
        walls.append(time.perf_counter() - began)
        errors += answer.status_code != 200
        await asyncio.sleep(TICK_SECONDS)
    return errors


async def crowd(server: PetnameServer, num_browsers: int) -> dict[str, object]:
    """Let all browsers tick at once; return the figures."""
    dependencies = PageClient(server).config["dependencies"]
    fn_index = next(one["id"] for one in dependencies if one["api_name"] == "tick")
    walls: list[float] = []
    limits = httpx.Limits(max_connections=num_browsers)
    before, began = processor_seconds(server), time.perf_counter()
    async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        errors = await asyncio.gather(
            *(one_browser(client, fn_index, number, walls) for number in range(num_browsers))
        )
    share = (processor_seconds(server) - before) / (time.perf_counter() - began)
    walls.sort()
    return {
        "browsers": num_browsers,
        "ticks": len(walls),
        "errors": sum(errors),
        "milliseconds_median": round(1000 * walls[len(walls) // 2], 1),
        "milliseconds_p95": round(1000 * walls[int(0.95 * len(walls))], 1),
        "core_percent": round(100 * share, 1),
        "memory_megabytes": round(server.memory_bytes() / 1e6, 1),
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browsers", type=int, default=100)
    num_browsers = parser.parse_args().browsers
    with tempfile.TemporaryDirectory() as name, PetnameServer(Path(name)) as server:
        print(json.dumps(asyncio.run(crowd(server, num_browsers)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
