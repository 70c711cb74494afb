"""Who may ask for what: pure rules about hosts, origins and paths that the shell applies."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from textinv_app.settings import Settings

UPLOAD_PATH = "/petname/upload"
MEDIA_PREFIX = "/media/"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# What Gradio offers and the page does not need: a proxy to any address, other ways to put files
# onto the machine or to read them, maps of the interface, records of what others did, developer
# tools. Written as what follows "/", "/en/" or "/fr/". (`app_id` is open: after a broken connection
# Gradio asks it until the server answers, and only then loads the page anew.)
_CLOSED = re.compile(
    r"""^/(?:(?:en|fr)/)?(?:
        gradio_api/(?:
            proxy=.* | file=.* | file/.* | upload(?:/.*)? | upload_progress.* | process_recording.*
          | runs(?:/.*)? | run-history(?:/.*)? | deep_link.* | openapi\.json.* | info(?:/.*)?
          | stream/.* | custom_component/.* | component_server.* | call/.* | api/.*
          | token.* | user(?:/.*)? | login_check.* | dev/.* | vibe.* | undo-vibe.*
          | profiling/.* | mcp.*
        )
      | monitoring.* | openapi\.json | docs(?:/.*)? | redoc(?:/.*)? | login.* | logout.*
      | svelte/.* | pwa_icon.* | config/?
    )$""",
    re.VERBOSE | re.DOTALL,
)


def is_closed(path: str) -> bool:
    """Tell whether a (percent-decoded) path leads to something of Gradio's that is not offered."""
    return _CLOSED.match(re.sub(r"/{2,}", "/", path)) is not None


def body_limit_bytes(path: str, settings: Settings, query: bytes = b"") -> int:
    """Return how large the body of a request to ``path`` may be; ``query`` is as it was sent."""
    if path != UPLOAD_PATH:
        return settings.max_body_bytes
    # Only one purpose counts: the route must not take it for another one.
    is_import = parse_qs(query).get(b"purpose") == [b"artifact"]
    return settings.max_import_bytes if is_import else settings.max_upload_bytes


@dataclass(frozen=True)
class AccessRules:
    """The hosts and origins under which this server may be used."""

    hosts: frozenset[str]
    origins: frozenset[str]
    any_host: bool = False

    @classmethod
    def of(cls, settings: Settings) -> AccessRules:
        """Derive the rules from the settings and this machine's own name."""
        own = socket.gethostname().lower()
        names = {"localhost", own, f"{own}.local", settings.space_host.lower()}
        names |= {host.lower() for host in settings.allowed_hosts}
        return cls(
            hosts=frozenset(name for name in names if name),
            origins=frozenset(origin.lower().rstrip("/") for origin in settings.allowed_origins),
            # A Space is public and sits behind a proxy whose own names are not documented.
            any_host=settings.on_space,
        )

    def allows_host(self, host_header: str) -> bool:
        """Tell whether a ``Host`` header is this server's: against DNS rebinding.

        A page of a stranger can point a *name* of its own at this machine, never an address, so
        addresses are always fine.
        """
        name = _host_name(host_header)
        return self.any_host or name in self.hosts or _is_address(name)

    def allows_origin(self, origin: str, host_header: str) -> bool:
        """Tell whether a page of ``origin`` may change something here; ``null`` never may."""
        if origin.lower() in self.origins:
            return True
        try:
            parts = urlsplit(origin.lower())
        except ValueError:
            return False
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            return False
        same_place = parts.netloc == host_header.lower()
        return same_place or (self.any_host and parts.hostname in self.hosts)


def _host_name(host_header: str) -> str:
    """Return the name in a ``Host`` header, without port and brackets; empty when malformed."""
    try:
        return (urlsplit(f"//{host_header}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """Tell whether ``name`` is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
