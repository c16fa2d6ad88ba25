# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads and merges kubeconfig files. Credentials are not stored, only the paths of client certificates."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import RunbookError

try:
    import yaml
except ImportError:
    yaml = None

MINIKUBE = "minikube.sigs.k8s.io"  # the provider that Minikube writes into the extensions of its entries
DEFAULT = "~/.kube/config"
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----")


@dataclass(frozen=True)
class ClusterEntry:
    """A cluster: its server, and the properties that show whether Minikube wrote the entry."""

    server: str
    verify_tls: bool
    by_minikube: bool
    certificate: str | None  # path of the certificate authority file
    certificate_data: str | None = None  # its content in base64, which takes precedence


@dataclass(frozen=True)
class ContextEntry:
    """A context: names of its cluster and user."""

    cluster: str
    user: str
    namespace: str


@dataclass
class Kubeconfig:
    """Several files merged as kubectl does it: the first entry of a name wins."""

    paths: list[str] = field(default_factory=list)
    clusters: dict[str, ClusterEntry] = field(default_factory=dict)
    contexts: dict[str, ContextEntry] = field(default_factory=dict)
    users: dict[str, str | None] = field(default_factory=dict)  # the path of each one's client certificate

    @property
    def joined(self) -> str:
        """The paths in the form of the variable KUBECONFIG."""
        return os.pathsep.join(self.paths)

    def add(self, path: str, content: dict) -> None:
        """Merges the content of a file."""
        folder = str(Path(path).parent)
        self.paths.append(path)
        for name, entry in _named(content, "clusters", "cluster"):
            self.clusters.setdefault(name, _cluster(entry, folder))
        for name, entry in _named(content, "contexts", "context"):
            self.contexts.setdefault(name, ContextEntry(entry.get("cluster") or "", entry.get("user") or "", entry.get("namespace") or ""))
        for name, entry in _named(content, "users", "user"):
            self.users.setdefault(name, _path(entry.get("client-certificate"), folder))


def search_path(option: str | None, environ: dict) -> tuple[str, str]:
    """The list of files to read, and the name of its source."""
    for source, value in (("option kubeconfig", option), *((name, environ.get(name)) for name in ("K8S_AUTH_KUBECONFIG", "KUBECONFIG"))):
        if value:
            return value, source
    return DEFAULT, "default"


def load(option: str | None, environ: dict) -> Kubeconfig:
    """Reads the files. Raises RunbookError where none exists, or one cannot be read or parsed."""
    searched, source = search_path(option, environ)
    merged = Kubeconfig()
    for path in _expanded(searched):
        content = _read(path)
        if content is not None:
            merged.add(path, content)
    if not merged.paths:
        raise RunbookError(
            f"No kubeconfig found at {searched} ({source}). Set runbook_kubeconfig (option kubeconfig) to the file of your cluster, "
            "or create a cluster first (minikube start)."
        )
    return merged


def ca_fingerprints(cluster: ClusterEntry) -> tuple[str, ...]:
    """The SHA-256 fingerprints of the certificates that the server's certificate is verified with, none where it is not verified."""
    if not cluster.verify_tls:
        return ()
    try:
        data = cluster.certificate_data
        text = base64.b64decode(data).decode() if data else Path(cluster.certificate).read_text(encoding="utf-8") if cluster.certificate else ""
        return tuple(hashlib.sha256(base64.b64decode(body)).hexdigest() for body in CERTIFICATE.findall(text))
    except (OSError, ValueError):
        return ()


def _expanded(searched: str) -> list[str]:
    return [os.path.abspath(os.path.expanduser(path)) for path in searched.split(os.pathsep) if path]


def _read(path: str) -> dict | None:
    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.safe_load(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunbookError(f"The kubeconfig {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise RunbookError(f"The kubeconfig {path} is not valid YAML{f' (line {mark.line + 1})' if mark else ''}.") from None
    if not isinstance(content or {}, dict):
        raise RunbookError(f"The kubeconfig {path} is not a kubeconfig: its content is not a mapping.")
    return content or {}


def _named(content: dict, plural: str, singular: str):
    for entry in content.get(plural) or []:
        if isinstance(entry, dict) and entry.get("name"):
            yield str(entry["name"]), entry.get(singular) or {}


def _cluster(entry: dict, folder: str) -> ClusterEntry:
    return ClusterEntry(
        server=entry.get("server") or "",
        verify_tls=not entry.get("insecure-skip-tls-verify"),
        by_minikube=any((extension.get("extension") or {}).get("provider") == MINIKUBE for extension in entry.get("extensions") or []),
        certificate=_path(entry.get("certificate-authority"), folder),
        certificate_data=entry.get("certificate-authority-data"),
    )


def _path(path: str | None, folder: str) -> str | None:
    return os.path.normpath(os.path.join(folder, path)) if path else None
