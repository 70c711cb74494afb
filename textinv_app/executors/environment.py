"""The environment of child processes: what they need, by name, and no secrets of the server."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NAMES = frozenset(
    {
        # The system
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "TEMP", "TMP",
        "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV",
        # Windows
        "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA",
        "PROGRAMDATA", "USERPROFILE", "USERNAME", "NUMBER_OF_PROCESSORS",
        # The network, for downloads of base models
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy",
        "no_proxy", "all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        # The one secret that a download of a gated base model needs
        "HF_TOKEN",
    }
)  # fmt: skip
_PREFIXES = (
    "LC_", "XDG_", "CUDA_", "NVIDIA_", "HIP_", "ROCR_", "HSA_", "OMP_", "MKL_", "KMP_", "GOMP_",
    "OPENBLAS_", "TORCH_", "PYTORCH_", "HF_HOME", "HF_HUB_", "HF_ENDPOINT", "HF_XET_",
)  # fmt: skip

WITHOUT_LOGIN: Mapping[str, str] = MappingProxyType(
    {"HF_TOKEN": "", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
)
"""Added where strangers choose what a child fetches: it asks the Hub as nobody, whatever login this
computer has."""


def child_environment(
    surroundings: Mapping[str, str], added: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the variables of ``surroundings`` that a child may see, and ``added`` on top."""
    kept = {
        name: value
        for name, value in surroundings.items()
        if name in _NAMES or name.startswith(_PREFIXES)
    }
    return {**kept, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", **(added or {})}
