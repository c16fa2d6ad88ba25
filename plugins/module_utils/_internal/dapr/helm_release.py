# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Helm releases as Helm stores them: one Secret for each revision, with the record gzipped inside."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field

from ..clients.cluster.client import Cluster
from ..errors import RunbookError

try:
    import yaml
except ImportError:  # it comes with the kubernetes client, whose absence is reported where the cluster is opened
    yaml = None

# Cluster-scoped kinds that charts contain. Custom kinds are not needed, as Dapr's chart has none.
CLUSTER_SCOPED = (
    "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "MutatingWebhookConfiguration", "Namespace", "PriorityClass",
    "ValidatingWebhookConfiguration",
)


@dataclass(frozen=True)
class HelmRelease:
    """One revision of a release. ``status`` is Helm's, "" if there is no release; ``values`` are the user's.

    ``manifest``: all its objects as YAML.
    """

    status: str = ""
    revision: int = 0
    chart: str = ""
    values: dict = field(default_factory=dict, repr=False)
    manifest: str = field(default="", repr=False)

    def to_dict(self) -> dict:
        """For a result: without the values, which may contain secrets."""
        return {"status": self.status, "revision": self.revision, "chart": self.chart}


def latest_release(cluster: Cluster, name: str, namespace: str) -> HelmRelease:
    """The latest revision of a release, an empty one if there is none."""
    return latest_revision(_stored(cluster, name, namespace))


def deployed_release(cluster: Cluster, name: str, namespace: str) -> HelmRelease:
    """The deployed revision of a release, an empty one if there is none."""
    return deployed_revision(_stored(cluster, name, namespace))


def latest_revision(secrets: list[dict]) -> HelmRelease:
    """The latest revision among a release's Secrets. Raises RunbookError for one that is not Helm's. Pure."""
    if not secrets:
        return HelmRelease()
    latest = max(secrets, key=lambda secret: int(secret["metadata"]["labels"].get("version", 0)))
    record = _decode(latest)
    chart = record.get("chart", {}).get("metadata", {})
    return HelmRelease(
        status=record["info"]["status"], revision=record["version"], chart=f"{chart.get('name', '')}-{chart.get('version', '')}",
        values=record.get("config") or {}, manifest=record.get("manifest") or "",
    )


def deployed_revision(secrets: list[dict]) -> HelmRelease:
    """The deployed revision, even if a later one failed; the latest if none is deployed. Pure."""
    deployed = [secret for secret in secrets if secret["metadata"]["labels"].get("status") == "deployed"]
    return latest_revision(deployed or secrets)


def manifest_objects(release: HelmRelease, namespace: str) -> dict[tuple[str, str], dict]:
    """The objects of a release by kind and name, in the order in which Helm creates them, each with its namespace. Pure."""
    objects = [obj for obj in yaml.safe_load_all(release.manifest) if obj]
    for obj in objects:
        if obj["kind"] not in CLUSTER_SCOPED:
            obj["metadata"].setdefault("namespace", namespace)
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in objects}


def _stored(cluster: Cluster, name: str, namespace: str) -> list[dict]:
    return cluster.list("Secret", namespace, label_selector=f"owner=helm,name={name}")


def _decode(secret: dict) -> dict:
    """Helm encodes and gzips the record; the API encodes it once more."""
    try:
        packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
        return json.loads(gzip.decompress(packed))
    except (KeyError, ValueError, OSError, EOFError) as error:
        name = secret["metadata"]["name"]
        raise RunbookError(f"The Secret {name} is not the record of a Helm release ({error}). Inspect it with: helm history") from error
