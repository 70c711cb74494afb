"""The shell, asked over a real connection: other sites, big bodies, closed doors, headers."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from tests.server import CANARY_TOKEN, PetnameServer
from textinv_app.settings import read_settings
from textinv_app.web.shell import Shell, content_security_policy

PAGES = ["/", "/fr/"]
CLOSED = [
    "/gradio_api/upload",
    "/gradio_api/upload_progress?upload_id=x",
    "/gradio_api/file=https://example.org/x.png",
    "/gradio_api/file=http://169.254.169.254/latest/meta-data",
    "/gradio_api/file=app.py",
    "/gradio_api/file/app.py",
    "/gradio_api/proxy=https://example.org/",
    "/gradio_api/runs",
    "/gradio_api/run-history/records",
    "/gradio_api/deep_link?session_hash=x",
    "/gradio_api/info",
    "/gradio_api/openapi.json",
    "/gradio_api/call/anything",
    "/gradio_api/api/anything",
    "/gradio_api/stream/a/b/c/playlist.m3u8",
    "/gradio_api/custom_component/a/client/b/c.js",
    "/gradio_api/process_recording",
    "/gradio_api/vibe-code",
    "/gradio_api/profiling/traces",
    "/gradio_api/mcp/",
    "/gradio_api/token",
    "/gradio_api/user",
    "/monitoring",
    "/monitoring/summary",
    "/config",
    "/openapi.json",
    "/docs",
    "/redoc",
    "/login",
    "/svelte/x.js",
]
# Ways to write "somewhere else" that some server once fell for.
DOTS = ["..", "%2e%2e", "..%2f", "%2e%2e%2f", "....//", "..%5c", "%252e%252e", "..;", "\\.."]
ROOTS = ["/petname/assets/", "/media/", "/static/", "/assets/", "/gradio_api/file="]
TARGETS = ["app.py", "/etc/passwd", "%2fetc%2fpasswd", "/proc/self/environ"]


def raw_get(server: PetnameServer, path: str) -> tuple[int, bytes]:
    """Send exactly this path; httpx would tidy it up."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_dressed(server: PetnameServer, path: str) -> None:
    """The page of each language comes with its security headers and no open CORS."""
    answer = server.get(path, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 200
    assert "gradio_config" in answer.text
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'self'", "object-src 'none'", "form-action 'self'"):
        assert rule in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers
    assert "server" not in answer.headers


def test_a_space_may_be_framed_by_the_hub_only() -> None:
    """On a Space the page stands in a frame of huggingface.co; nobody else may frame it."""
    settings = read_settings({"SPACE_ID": "a/b"}, allow_any_data_dir=True)
    policy = content_security_policy(settings)
    assert policy.endswith("frame-ancestors 'self' https://huggingface.co https://*.hf.space")


@pytest.mark.parametrize("prefix", ["", "/fr"])
@pytest.mark.parametrize("path", CLOSED)
def test_closed_doors(server: PetnameServer, prefix: str, path: str) -> None:
    """What Gradio offers beyond the page is not there, in either language, by any method."""
    assert server.get(prefix + path).status_code == 404
    assert server.post(prefix + path, json={}).status_code == 404


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dots", DOTS)
@pytest.mark.parametrize("root", ROOTS)
def test_no_path_leads_out(server: PetnameServer, root: str, dots: str, target: str) -> None:
    """However it is written, a path reaches nothing outside of what is served."""
    status, body = raw_get(server, f"{root}{dots}/{dots}/{dots}/{target}")
    assert status in {400, 403, 404}
    assert b"Start Petname" not in body
    assert b"root:" not in body
    assert b"PETNAME_" not in body


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/petname/upload", "/", "/media/x"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_change_nothing(
    server: PetnameServer, path: str, headers: dict[str, str]
) -> None:
    """A request from the page of another site is refused before anything reads it."""
    answer = server.post(path, json={"data": []}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "web.other_site"
    assert "access-control-allow-origin" not in answer.headers


def test_a_preflight_from_another_site_is_not_granted(server: PetnameServer) -> None:
    """A browser that asks beforehand gets no permission."""
    answer = httpx.options(
        server.url + "/petname/upload",
        headers={
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-petname-owner",
        },
    )
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:7860", "a@b"])
def test_another_name_for_this_machine_is_refused(server: PetnameServer, host: str) -> None:
    """A stranger's domain that points at 127.0.0.1 gets nothing (DNS rebinding)."""
    for path in ("/", "/healthz", "/media/x"):
        assert server.get(path, headers={"Host": host}).status_code == 421


PHOTO_BEGINS = b'--b\r\nContent-Disposition: form-data; name="files"; filename="big.jpg"\r\n\r\n'


def chunks(num_megabytes: int) -> Iterator[bytes]:
    """Yield a photo of that many megabytes, without saying beforehand how many."""
    yield PHOTO_BEGINS
    for _ in range(num_megabytes):
        yield b"0" * 1_000_000


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/fr/gradio_api/run/x", "/media/x"])
def test_a_large_body_is_refused_unread(server: PetnameServer, path: str) -> None:
    """One that says its size is refused at once."""
    answer = server.post(path, content=b"0" * 1_100_000)
    assert answer.status_code == 413
    assert answer.json()["code"] == "web.too_large"


@pytest.mark.parametrize(
    ("path", "num_megabytes"), [("/gradio_api/queue/join", 300), ("/petname/upload", 300)]
)
def test_a_huge_body_costs_no_memory(server: PetnameServer, path: str, num_megabytes: int) -> None:
    """One that does not say its size is cut at the limit; memory and log stay small."""
    before = server.memory_bytes()
    lines_before = len(server.lines)
    try:
        answer = server.post(
            path,
            content=chunks(num_megabytes),
            headers={
                "Content-Type": "multipart/form-data; boundary=b",
                "X-Petname-Owner": "0" * 64,
            },
        )
        assert answer.status_code in {400, 413}
    except httpx.TransportError:
        pass  # the connection may be closed while we are still sending
    server.wait_until_well()
    assert server.memory_bytes("VmHWM") - before < 80_000_000
    assert all(len(line) < 10_000 for line in server.lines[lines_before:])
    assert list((server.data_dir / "incoming").iterdir()) == []


def test_a_long_value_is_not_written_to_the_log(server: PetnameServer) -> None:
    """A malformed event of nearly a megabyte leaves no long line."""
    lines_before = len(server.lines)
    server.post("/gradio_api/queue/join", json={"data": "x" * 900_000, "fn_index": "y"})
    server.post("/gradio_api/queue/join", content=b"[" * 900_000)
    server.post("/gradio_api/run/act", json={"data": ["x" * 900_000]})
    server.post("/gradio_api/run/act", json={"data": [{"x": 1}, ["y" * 900_000], {}]})
    server.wait_until_well()
    assert all(len(line) < 10_000 for line in server.lines[lines_before:])


def test_the_hosts_secrets_stay_with_the_host(server: PetnameServer) -> None:
    """A token in the environment is in no page and in no log line."""
    for path in PAGES:
        assert CANARY_TOKEN not in server.get(path).text
    assert not [line for line in server.lines if CANARY_TOKEN in line]


def test_the_language_follows_the_browser_and_the_switch(server: PetnameServer) -> None:
    """Who arrives with a French browser sees French; a link inside the page goes where it says."""
    french = {"Accept-Language": "fr-FR,fr;q=0.9"}
    answer = server.get("/?__theme=dark", headers=french)
    assert (answer.status_code, answer.headers["location"]) == (307, "/fr/?__theme=dark")
    assert httpx.head(server.url, headers=french).status_code == 307
    inside = french | {"Sec-Fetch-Site": "same-origin"}
    assert server.get("/", headers=inside).status_code == 200


def test_the_language_can_be_switched_where_browsers_tell_no_fetch_site(
    server: PetnameServer,
) -> None:
    """Over plain HTTP in a network English could not be reached with a French browser."""
    french = {"Accept-Language": "fr-FR,fr;q=0.9"}
    inside = french | {"Referer": f"{server.url}/fr/"}
    assert server.get("/", headers=inside).status_code == 200
    for elsewhere in ("http://elsewhere.example/", "http://[", ""):
        answer = server.get("/", headers=french | {"Referer": elsewhere})
        assert answer.status_code == 307


def test_the_page_files_are_served_as_what_they_are(server: PetnameServer) -> None:
    """The style sheet is a style sheet, and nothing else of the assets folder is served."""
    answer = server.get("/petname/assets/style.css")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert server.get("/petname/assets/crayon/model_index.json").status_code == 404
    assert server.get("/petname/assets/").status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Basic é"}, 401),
        ({"Authorization": "Basic w6k="}, 401),
        ({"Authorization": "Basic /w=="}, 401),
        ({"Authorization": "Bearer YTp3b29mIHdvb2Y="}, 401),
        ({"Authorization": "Basic YTp3b29mIHdvb2Y=", "Origin": "http://["}, 403),
    ],
)
def test_headers_that_are_nonsense_are_refused(headers: dict[str, str], status: int) -> None:
    """What could not be read was answered 500."""
    settings = read_settings({"PETNAME_PASSPHRASE": "woof woof"})

    async def never(*_: object) -> None:
        raise AssertionError("it reached the app")

    client = TestClient(Shell(never, settings), base_url="http://localhost")
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    assert client.post("/", headers=raw).status_code == status
