# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the module target_info, which app_drift_info takes too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import RunbookError

ALLOWED = {
    "allowed_contexts": {"type": "list", "elements": "raw", "default": []},
    "minikube_homes": {"type": "list", "elements": "path", "default": []},
}
KEYS = ("name", "server", "ca_fingerprint")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class AllowedContext:
    """A context that may be changed although it is not a Minikube profile, at one server or with one certificate authority where these are given."""

    name: str
    server: str | None = None
    ca_fingerprint: str | None = None

    @classmethod
    def of(cls, entry, where: str = "allowed_contexts") -> AllowedContext:
        """An entry of the option: a name, or a mapping with one. Raises RunbookError, which begins with ``where``, for anything else."""
        if isinstance(entry, str) and not entry.lstrip().startswith(("{", "[")):
            return cls(entry)
        if not isinstance(entry, dict):
            raise RunbookError(
                f"{where}: must be a name, or a mapping like {{name: staging, server: 'https://192.0.2.1:6443'}}. "
                """On the command line: -e '{"runbook_allowed_contexts": [{"name": ..., "server": ...}]}'."""
            )
        unknown = [str(key) for key in entry if key not in KEYS]
        if unknown:
            raise RunbookError(f"{where}: has unknown keys: {', '.join(unknown)}; known are {', '.join(KEYS)}.")
        if not (isinstance(entry.get("name"), str) and entry["name"]):
            raise RunbookError(f"{where}: needs name, the name of a context.")
        if "server" in entry and not server_address(entry["server"]):
            raise RunbookError(f"{where}.server: must be the URL of an API server as the kubeconfig has it, for example https://192.0.2.1:6443.")
        if "ca_fingerprint" in entry and not FINGERPRINT.fullmatch(bare_fingerprint(entry["ca_fingerprint"])):
            raise RunbookError(f"{where}.ca_fingerprint: must be a SHA-256 fingerprint (openssl x509 -in ca.crt -noout -fingerprint -sha256).")
        return cls(**entry)

    @property
    def limit(self) -> str:
        """What the context is bound to, for messages."""
        parts = (self.server and f"at {self.server}", self.ca_fingerprint and f"with the certificate authority {self.ca_fingerprint}")
        return " ".join(filter(None, parts))


@dataclass(frozen=True)
class TargetOptions:
    """The requested cluster. Empty options mean the kubeconfig of the environment, no context, and Minikube's default home."""

    kubeconfig: str | None
    context: str | None
    allowed_contexts: tuple[AllowedContext, ...]
    minikube_homes: tuple[str, ...]

    @classmethod
    def of(cls, params: dict) -> TargetOptions:
        """The options in a module's params. Raises RunbookError for an invalid entry of allowed_contexts."""
        allowed = tuple(AllowedContext.of(entry, f"allowed_contexts[{index}]") for index, entry in enumerate(params["allowed_contexts"]))
        return cls(params["kubeconfig"], params["context"], allowed, tuple(params["minikube_homes"]))


def server_address(url) -> tuple | None:
    """What identifies a server in its URL: scheme, host, port and path; None where it is no URL."""
    try:
        parts = urlsplit(str(url).strip())
        return (parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme], parts.path.rstrip("/")) if parts.hostname else None
    except (ValueError, KeyError):
        return None


def bare_fingerprint(fingerprint) -> str:
    """A fingerprint in lower case without colons."""
    return str(fingerprint).strip().replace(":", "").lower()
