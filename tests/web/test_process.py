"""The web host as a process: one for each data folder, orderly ends, clear refusals."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.server import REPOSITORY, PetnameServer, server_environment
from textinv_app.settings import read_settings
from textinv_app.web.host import _listen


def run_app(data_dir: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Start a server that is expected not to start."""
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=REPOSITORY,
        env=server_environment(data_dir, **settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_second_server_on_the_same_folder_is_refused(server: PetnameServer) -> None:
    """It says where the first one is, and exits with 3."""
    second = run_app(server.data_dir)
    assert second.returncode == 3
    assert "already running" in second.stderr
    assert str(server.pid) in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1


def test_a_taken_port_is_said_in_one_sentence(server: PetnameServer, tmp_path: Path) -> None:
    """Another data folder on the same port does not start, and says why."""
    port = server.url.rsplit(":", 1)[1]
    second = run_app(tmp_path, port=port)
    assert second.returncode == 2
    assert port in second.stderr
    assert "PETNAME_PORT" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_wrong_setting_is_said_in_one_sentence(tmp_path: Path) -> None:
    """A bad value ends with exit code 2 and names the variable."""
    refused = run_app(tmp_path, executor="magic")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "PETNAME_EXECUTOR" in refused.stderr


def test_after_a_kill_and_after_a_stop_the_folder_is_free(tmp_path: Path) -> None:
    """An orderly stop exits with 0; a killed server leaves nothing that blocks the next."""
    with PetnameServer(tmp_path) as first:
        first.kill()
        with PetnameServer(tmp_path) as second:
            assert second.get("/healthz").status_code == 200
            assert second.stop() == 0
    assert not any("Traceback" in line for line in first.lines + second.lines)


def test_a_pass_phrase_guards_everything(tmp_path: Path) -> None:
    """Without it there is no page, no media, no upload; the health check needs none."""
    with PetnameServer(tmp_path, {"passphrase": "woof woof"}) as server:
        assert server.get("/", auth=("anybody", "woof woof")).status_code == 200
        assert server.get("/healthz").status_code == 200
        for path in ("/", "/fr/", "/media/x", "/gradio_api/queue/data", "/petname/assets/x.css"):
            assert server.get(path).status_code == 401
            assert server.get(path, auth=("anybody", "woof")).status_code == 401
        assert server.post("/petname/upload").status_code == 401


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
@pytest.mark.parametrize("both", [True, False])
def test_all_addresses_of_ipv6_are_told_as_one_that_answers(
    both: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`::` listened to IPv6 alone, and the page was said to be at 127.0.0.1."""
    if both and not socket.has_dualstack_ipv6():
        pytest.skip("IPv6 and IPv4 are apart here")
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: both)
    settings = read_settings(
        {"PETNAME_HOST": "::", "PETNAME_PORT": "0", "PETNAME_OPEN_TO_NETWORK": "1"}
    )
    with _listen(settings) as listener:
        told = settings.model_copy(update={"port": listener.getsockname()[1]}).page_url
        parts = urlsplit(told)
        assert parts.hostname == ("127.0.0.1" if both else "::1")
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=10):
            listener.settimeout(10)
            listener.accept()[0].close()
