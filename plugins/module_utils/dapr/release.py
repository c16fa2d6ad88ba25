# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Helm release as Helm keeps it: one Secret a revision, with the record gzipped inside. Pure."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

try:
    import yaml
except ImportError:  # it comes with the kubernetes client, whose absence is told where the cluster is opened
    yaml = None

# Kinds without a namespace that charts have. Custom ones are not needed: Dapr's chart has none.
CLUSTER_SCOPED = (
    "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "MutatingWebhookConfiguration", "Namespace", "PriorityClass",
    "ValidatingWebhookConfiguration",
)


@dataclass(frozen=True)
class Release:
    """The newest revision of a release. ``status`` is Helm's word, "" where there is no release; ``values`` are the user's own.

    ``manifest``: all its objects as YAML.
    """

    status: str = ""
    revision: int = 0
    chart: str = ""
    values: dict = field(default_factory=dict, repr=False)
    manifest: str = field(default="", repr=False)

    def to_dict(self) -> dict:
        """For a result: without the values, which may hold secrets."""
        return {"status": self.status, "revision": self.revision, "chart": self.chart}


def selector_of(name: str) -> str:
    """The labels by which Helm finds the Secrets of a release."""
    return f"owner=helm,name={name}"


def newest(secrets: list[dict]) -> Release:
    """The newest revision among a release's Secrets. Raises RunbookError for one that is not Helm's."""
    if not secrets:
        return Release()
    latest = max(secrets, key=lambda secret: int(secret["metadata"]["labels"].get("version", 0)))
    record = _record(latest)
    chart = record.get("chart", {}).get("metadata", {})
    return Release(
        status=record["info"]["status"], revision=record["version"], chart=f"{chart.get('name', '')}-{chart.get('version', '')}",
        values=record.get("config") or {}, manifest=record.get("manifest") or "",
    )


def in_force(secrets: list[dict]) -> Release:
    """The revision that is deployed, whatever was tried after it; the newest where none is."""
    deployed = [secret for secret in secrets if secret["metadata"]["labels"].get("status") == "deployed"]
    return newest(deployed or secrets)


def objects_of(release: Release, namespace: str) -> dict[tuple[str, str], dict]:
    """The objects of a release by kind and name, in the order in which Helm makes them, each with its namespace."""
    found = [obj for obj in yaml.safe_load_all(release.manifest) if obj]
    for obj in found:
        if obj["kind"] not in CLUSTER_SCOPED:
            obj["metadata"].setdefault("namespace", namespace)
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in found}


def _record(secret: dict) -> dict:
    """Helm encodes and gzips the record; the API encodes it once more."""
    try:
        packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
        return json.loads(gzip.decompress(packed))
    except (KeyError, ValueError, OSError, EOFError) as error:
        name = secret["metadata"]["name"]
        raise RunbookError(f"The Secret {name} is not the record of a Helm release ({error}). Look at it with: helm history") from error
