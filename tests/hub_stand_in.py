"""A stand-in for the Hugging Face Hub on loopback, for the real client to talk to.

It speaks the HTTP API that ``huggingface_hub`` uses to publish and to read back: whoami-v2,
repos/create and delete, model info, tree, validate-yaml, preupload, the Git LFS batch API with PUT
and verify, commits as NDJSON, and resolve. Commits are all or nothing, as the Hub's are; private
repositories are hidden from everybody but their owner. It has no Xet, so clients must be told
``HF_HUB_DISABLE_XET=1``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

TOKEN = "hf_StandInStandInStandInStandIn1234"
READ_TOKEN = "hf_ReadOnlyReadOnlyReadOnlyReadOn12"
_GIT_ATTRIBUTES = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
_LARGE = (".safetensors", ".png", ".jpeg")
_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


@dataclass
class Repository:
    """A repository: its files by path, its commits, who sees it."""

    private: bool
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": _GIT_ATTRIBUTES})
    commits: list[str] = field(default_factory=lambda: ["initial commit"])

    @property
    def head(self) -> str:
        """The id of the newest commit."""
        return hashlib.sha1("\n".join(self.commits).encode()).hexdigest()


@dataclass(frozen=True)
class Call:
    """A request that came in."""

    method: str
    path: str
    token: str


@dataclass(frozen=True)
class Answer:
    """What is answered: status, body and further headers; ``None`` as status hangs up."""

    status: int | None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class HubStandIn:
    """``with HubStandIn() as hub:``; ``hub.url`` is what ``HF_ENDPOINT`` is set to."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {
            TOKEN: person("anna", "write", "pet-friends"),
            READ_TOKEN: person("anna", "read"),
        }
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}
        """What arrived by LFS, by its SHA-256."""
        self.calls: list[Call] = []
        self.faults: list[tuple[str, Answer]] = []
        """Patterns of ``METHOD path`` and what they are answered instead."""
        self.before: Callable[[Call], None] = lambda _call: None
        """Called before each request is answered, in its thread: may wait."""
        self.guard = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """Address without the last slash."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to talk to it."""
        return {"HF_ENDPOINT": self.url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}

    def fail(self, pattern: str, answer: Answer) -> None:
        """Answer requests whose ``METHOD path`` matches the pattern with something else."""
        self.faults.append((pattern, answer))

    def asked(self, pattern: str) -> list[Call]:
        """Return the requests whose ``METHOD path`` matches a pattern."""
        return [call for call in self.calls if re.search(pattern, f"{call.method} {call.path}")]

    def __enter__(self) -> HubStandIn:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def person(name: str, role: str, *organisations: str) -> dict[str, Any]:
    """Return what whoami-v2 says of somebody."""
    return {
        "type": "user",
        "name": name,
        "orgs": [{"type": "org", "name": one, "roleInOrg": "write"} for one in organisations],
        "auth": {"type": "access_token", "accessToken": {"displayName": "test", "role": role}},
    }


def _not_found() -> Answer:
    return Answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})


class _Hub:
    """Answers one request; each method belongs to one address."""

    def __init__(self, hub: HubStandIn, call: Call, body: bytes) -> None:
        self.hub = hub
        self.call = call
        self.body = body
        self.person = hub.people.get(call.token)

    def answer(self) -> Answer:
        """Find the address and answer."""
        for pattern, method in _ADDRESSES:
            found = re.fullmatch(pattern, f"{self.call.method} {self.call.path}")
            if found:
                return method(self, *found.groups())
        return Answer(404, {"error": f"no such address: {self.call.method} {self.call.path}"})

    @property
    def names(self) -> set[str]:
        """Under which names the caller may see private things."""
        if self.person is None:
            return set()
        return {self.person["name"], *(one["name"] for one in self.person["orgs"])}

    def visible(self, repository: str) -> Repository | None:
        """Return a repository that the caller may see."""
        found = self.hub.repositories.get(repository)
        if found is None or (found.private and repository.split("/")[0] not in self.names):
            return None
        return found

    def writable(self, owner: str) -> Answer | None:
        """Return the refusal where the caller may not write, else None."""
        if self.person is None:
            return Answer(401, {"error": "Invalid username or password."})
        if owner not in self.names or self.person["auth"]["accessToken"]["role"] == "read":
            message = "You don't have the rights to create a model under this namespace"
            return Answer(403, {"error": message}, {"X-Error-Message": message})
        return None

    def whoami(self) -> Answer:
        if self.person is None:
            return Answer(401, {"error": "Invalid username or password."})
        return Answer(200, self.person)

    def create(self) -> Answer:
        given = json.loads(self.body)
        owner = given.get("organization") or (self.person or {}).get("name", "")
        refused = self.writable(owner)
        if refused:
            return refused
        name = f"{owner}/{given['name']}"
        if name in self.hub.repositories:
            return Answer(409, {"error": "You already created this model repo", "url": name})
        assert given.get("visibility") in {"private", "public"}
        self.hub.repositories[name] = Repository(private=given["visibility"] == "private")
        return Answer(200, {"url": f"{self.hub.url}/{name}", "name": name})

    def delete(self) -> Answer:
        given = json.loads(self.body)
        owner = given.get("organization") or (self.person or {}).get("name", "")
        refused = self.writable(owner)
        if refused:
            return refused
        gone = self.hub.repositories.pop(f"{owner}/{given['name']}", None)
        return Answer(200, {}) if gone else _not_found()

    def info(self, name: str, _revision: str | None = None) -> Answer:
        found = self.visible(name)
        if found is None:
            return _not_found() if self.person else Answer(401, {"error": "Invalid username."})
        siblings = [{"rfilename": path} for path in sorted(found.files)]
        about = {"_id": "1", "id": name, "modelId": name, "author": name.split("/")[0]}
        about |= {"sha": found.head, "private": found.private, "gated": False, "disabled": False}
        return Answer(200, {**about, "downloads": 0, "likes": 0, "tags": [], "siblings": siblings})

    def tree(self, name: str, _revision: str) -> Answer:
        found = self.visible(name)
        if found is None:
            return _not_found()
        return Answer(
            200,
            [
                {"type": "file", "path": path, "size": len(data), "oid": _blob_id(data)}
                for path, data in sorted(found.files.items())
            ],
        )

    def validate_yaml(self) -> Answer:
        content = json.loads(self.body)["content"]
        head = content.split("---\n")[1] if content.startswith("---\n") else ""
        try:
            metadata = yaml.safe_load(head)
        except yaml.YAMLError as error:
            return Answer(400, {"errors": [{"message": str(error)}], "warnings": []})
        if not isinstance(metadata, dict) or "tags" not in metadata:
            return Answer(400, {"errors": [{"message": "empty metadata"}], "warnings": []})
        return Answer(200, {"errors": [], "warnings": []})

    def preupload(self, name: str, _revision: str) -> Answer:
        found = self.visible(name)
        if found is None:
            return _not_found()
        files = []
        for one in json.loads(self.body)["files"]:
            base64.b64decode(one["sample"], validate=True)
            large = one["path"].endswith(_LARGE)
            known = {"path": one["path"], "uploadMode": "lfs" if large else "regular"}
            old = found.files.get(one["path"])
            oid = (
                None if old is None else hashlib.sha256(old).hexdigest() if large else _blob_id(old)
            )
            files.append({**known, "shouldIgnore": False, "oid": oid})
        return Answer(200, {"files": files, "commitOid": found.head})

    def batch(self, name: str) -> Answer:
        refused = self.writable(name.split("/")[0])
        if refused:
            return refused
        objects = []
        for one in json.loads(self.body)["objects"]:
            described: dict[str, Any] = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.hub.objects:
                place = f"{self.hub.url}/lfs/{one['oid']}"
                described["actions"] = {
                    "upload": {"href": f"{place}?X-Amz-Signature=secret", "header": {}},
                    "verify": {"href": f"{place}/verify", "header": {}},
                }
            objects.append(described)
        return Answer(200, {"transfer": "basic", "objects": objects})

    def put(self, oid: str) -> Answer:
        if self.call.token:
            return Answer(400, {"error": "the storage must not see the token"})
        if hashlib.sha256(self.body).hexdigest() != oid:
            return Answer(400, {"error": "other bytes"})
        self.hub.objects[oid] = self.body
        return Answer(200)

    def verify(self, oid: str) -> Answer:
        size = json.loads(self.body)["size"]
        return Answer(200 if len(self.hub.objects.get(oid, b"")) == size else 404, {})

    def commit(self, name: str, _revision: str) -> Answer:
        refused = self.writable(name.split("/")[0])
        found = self.visible(name)
        if refused or found is None:
            return refused or _not_found()
        lines = [json.loads(line) for line in self.body.splitlines()]
        header = lines[0]["value"]
        if header.get("parentCommit") not in {None, found.head}:
            return Answer(412, {"error": "A commit has happened since."})
        files = dict(found.files)
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.hub.objects:
                    return Answer(400, {"error": "LFS pointer pointed to a file that is missing"})
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif line["key"] == "deletedFile":
                files.pop(value["path"])
        found.files = files
        found.commits.append(header["summary"])
        url = f"{self.hub.url}/{name}/commit/{found.head}"
        return Answer(200, {"success": True, "commitOid": found.head, "commitUrl": url})

    def resolve(self, name: str, _revision: str, path: str) -> Answer:
        found = self.visible(name)
        if found is None:
            return _not_found()
        if path not in found.files:
            return Answer(404, {"error": "no such file"}, {"X-Error-Code": "EntryNotFound"})
        data = found.files[path]
        return Answer(200, data, {"ETag": f'"{_blob_id(data)}"', "X-Repo-Commit": found.head})


_ADDRESSES: tuple[tuple[str, Callable[..., Answer]], ...] = (
    (r"GET /api/whoami-v2", _Hub.whoami),
    (r"POST /api/repos/create", _Hub.create),
    (r"DELETE /api/repos/delete", _Hub.delete),
    (r"GET /api/models/([^/]+/[^/]+)", _Hub.info),
    (r"GET /api/models/([^/]+/[^/]+)/revision/([^/]+)", _Hub.info),
    (r"GET /api/models/([^/]+/[^/]+)/tree/([^/]+)", _Hub.tree),
    (r"POST /api/validate-yaml", _Hub.validate_yaml),
    (r"POST /api/models/([^/]+/[^/]+)/preupload/([^/]+)", _Hub.preupload),
    (r"POST /([^/]+/[^/]+)\.git/info/lfs/objects/batch", _Hub.batch),
    (r"PUT /lfs/([0-9a-f]{64})", _Hub.put),
    (r"POST /lfs/([0-9a-f]{64})/verify", _Hub.verify),
    (r"POST /api/models/([^/]+/[^/]+)/commit/([^/]+)", _Hub.commit),
    (r"(?:GET|HEAD) /([^/]+/[^/]+)/resolve/([^/]+)/(.+)", _Hub.resolve),
)


def _blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _handler(hub: HubStandIn) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"hub": hub})


class _Handler(BaseHTTPRequestHandler):
    """Takes requests in and sends answers out."""

    protocol_version = "HTTP/1.1"
    # Answers leave in one piece and at once, or each waits 40 ms for an acknowledgement.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    hub: HubStandIn

    def _serve(self) -> None:
        body = self._body()
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        call = Call(self.command, unquote(urlsplit(self.path).path), token)
        self.hub.calls.append(call)
        self.hub.before(call)
        line = f"{call.method} {call.path}"
        faults = [one for pattern, one in self.hub.faults if re.search(pattern, line)]
        if faults:
            self._send(faults[0])
            return
        with self.hub.guard:
            answer = _Hub(self.hub, call, body).answer()
        self._send(answer)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, answer: Answer) -> None:
        if answer.status is None:
            self.close_connection = True
            return
        body = answer.body
        is_bytes = isinstance(body, bytes)
        data = body if is_bytes else b"" if body is None else json.dumps(body).encode()
        self.send_response(answer.status)
        kind = "application/octet-stream" if is_bytes else "application/json"
        headers = {"Content-Type": kind, "Content-Length": str(len(data)), **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve

    def log_message(self, *_: object) -> None:
        """Say nothing."""
