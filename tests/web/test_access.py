"""The rules of the shell: closed endpoints, hosts, origins, languages, log lines, file names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textinv_app.settings import read_settings
from textinv_app.web.access import AccessRules, body_limit_bytes, is_closed
from textinv_app.web.language import preferred_language
from textinv_app.web.logs import MAX_LINE_CHARACTERS, clean_line
from textinv_app.web.uploads import MAX_NAME_CHARACTERS, display_name

LAPTOP = AccessRules.of(read_settings({}))
SPACE = AccessRules.of(
    read_settings({"SPACE_ID": "a/b", "SPACE_HOST": "a-b.hf.space"}, allow_any_data_dir=True)
)


@pytest.mark.parametrize("prefix", ["", "/fr", "//fr", "/fr//"])
@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/upload",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=/etc/pass\nwd\n",
        "/gradio_api/proxy=http://x",
        "/config",
        "/gradio_api/component_server/",
        "/logout",
        "/pwa_icon/1",
    ],
)
def test_closed_under_every_prefix(prefix: str, path: str) -> None:
    """Doubled slashes and the language do not open anything."""
    assert is_closed(prefix + path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/fr/",
        "/gradio_api/queue/join",
        "/fr/gradio_api/queue/data",
        "/media/x",
        "/assets/a.js",
        # Refused for ever, it left the page dead after one broken request.
        "/gradio_api/app_id",
        "/fr/gradio_api/app_id",
    ],
)
def test_what_the_page_needs_stays_open(path: str) -> None:
    """The page itself, its events and its files."""
    assert not is_closed(path)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:7860", True),
        ("[::1]:7860", True),
        ("localhost", True),
        ("192.168.1.20:7860", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[::1", False),
    ],
)
def test_hosts_of_a_private_machine(host: str, allowed: bool) -> None:
    """A stranger's name that points at this machine is refused (DNS rebinding)."""
    assert LAPTOP.allows_host(host) is allowed


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://127.0.0.1:7860", "127.0.0.1:7860", True),
        ("http://127.0.0.1:8000", "127.0.0.1:7860", False),
        ("http://localhost:8000", "127.0.0.1:7860", False),
        ("https://evil.example", "127.0.0.1:7860", False),
        ("null", "127.0.0.1:7860", False),
        ("null", "null", False),
        ("file://127.0.0.1:7860", "127.0.0.1:7860", False),
        ("http://[", "127.0.0.1:7860", False),
        ("", "", False),
    ],
)
def test_origins(origin: str, host: str, allowed: bool) -> None:
    """Only the page of this very address may change something."""
    assert LAPTOP.allows_origin(origin, host) is allowed


def test_a_space_knows_its_own_name_behind_the_proxy() -> None:
    """The proxy may ask under another host name than the browser did."""
    assert SPACE.allows_origin("https://a-b.hf.space", "10.0.0.7:7860")
    assert not SPACE.allows_origin("https://c-d.hf.space", "10.0.0.7:7860")


def test_hosts_and_origins_can_be_allowed_by_their_names() -> None:
    """Behind somebody's own proxy the page has a name that this machine cannot know."""
    allowed = {
        "PETNAME_ALLOWED_HOSTS": "Pets.example.org",
        "PETNAME_ALLOWED_ORIGINS": "https://Pets.example.org/",
    }
    rules = AccessRules.of(read_settings(allowed))
    assert rules.allows_host("pets.example.org:443")
    assert not rules.allows_host("cats.example.org")
    assert rules.allows_origin("https://pets.example.org", "127.0.0.1:7860")
    assert not rules.allows_origin("https://cats.example.org", "127.0.0.1:7860")


def test_only_uploads_may_be_large() -> None:
    """Every other body is cut at 1 MB."""
    settings = read_settings({})
    assert body_limit_bytes("/petname/upload", settings) == 60_000_000
    assert body_limit_bytes("/petname/upload", settings, b"purpose=artifact") == 1_000_000_000
    for query in (b"purpose=photos", b"purpose=photos&purpose=artifact", b"purpose=artifact;x"):
        assert body_limit_bytes("/petname/upload", settings, query) == 60_000_000
    assert body_limit_bytes("/gradio_api/queue/join", settings, b"purpose=artifact") == 1_000_000
    assert body_limit_bytes("/gradio_api/queue/join", settings) == 1_000_000


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("de,fr;q=0.5,en;q=0.3", "fr"),
        ("de", "en"),
        ("fr;q=0", "en"),
        ("fr;q=banana,;;,", "en"),
    ],
)
def test_the_language_a_browser_prefers(header: str, language: str) -> None:
    """Weights count, regions do not."""
    assert preferred_language(header) == language


def test_a_log_line_keeps_no_secret_and_stays_short() -> None:
    """Tokens of the hub, links and session names are blanked out."""
    line = clean_line(
        "hf_abcdefghijklmnopqrstuvwxyz GET /media/AAAABBBBCCCCDDDDEEEE ?session_hash=abc123"
    )
    assert "abcdefgh" not in line
    assert "AAAABBBB" not in line
    assert "abc123" not in line
    assert len(clean_line("x" * 1_000_000)) < MAX_LINE_CHARACTERS + 100


@given(st.text(max_size=400))
def test_a_display_name_is_one_printable_line(sent: str) -> None:
    """Whatever a browser calls a file, what we show is short, printable and no path."""
    name = display_name(sent)
    assert 0 < len(name) <= MAX_NAME_CHARACTERS
    assert name.isprintable()
    assert "/" not in name
    assert "\\" not in name
