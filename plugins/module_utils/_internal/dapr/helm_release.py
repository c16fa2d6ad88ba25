# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Helm releases as Helm stores them: one Secret for each revision, with the record gzipped inside."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field

from ..clients.cluster.client import Cluster
from ..errors import RunbookError
from .components import OPERATOR

try:
    import yaml
except ImportError:  # it comes with the kubernetes client, whose absence is reported where the cluster is opened
    yaml = None

CRDS = "crds/"  # the chart's folder of custom resource definitions, which Helm creates before the manifest and does not store in it
PENDING = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")  # an operation of Helm's that has not ended
# Cluster-scoped kinds that charts contain. Custom kinds are not needed, as Dapr's chart has none.
CLUSTER_SCOPED = (
    "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "MutatingWebhookConfiguration", "Namespace", "PriorityClass",
    "ValidatingWebhookConfiguration",
)


@dataclass(frozen=True)
class HelmRelease:
    """One revision of a release. ``status`` is Helm's, "" if there is no release; ``values`` are the user's.

    ``manifest``: all its objects as YAML, without the ``crds``, each the YAML of a custom resource definition.
    """

    status: str = ""
    revision: int = 0
    chart: str = ""
    values: dict = field(default_factory=dict, repr=False)
    manifest: str = field(default="", repr=False)
    crds: tuple[str, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict:
        """For a result: without the values, which may contain secrets."""
        return {"status": self.status, "revision": self.revision, "chart": self.chart}


def latest_release(cluster: Cluster, name: str, namespace: str) -> HelmRelease:
    """The latest revision of a release, an empty one if there is none."""
    return latest_revision(release_secrets(cluster, name, namespace))


def release_secrets(cluster: Cluster, name: str, namespace: str) -> list[dict]:
    """The Secrets that hold the revisions of a release."""
    return cluster.list("Secret", namespace, label_selector=f"owner=helm,name={name}")


def helm_secrets(secrets: list[dict], name: str) -> list[dict]:
    """Those of a namespace's Secrets that hold revisions of a release. Pure."""
    labels = [(secret, secret["metadata"].get("labels") or {}) for secret in secrets]
    return [secret for secret, label in labels if (label.get("owner"), label.get("name")) == ("helm", name)]


def latest_revision(secrets: list[dict]) -> HelmRelease:
    """The latest revision among a release's Secrets. Raises RunbookError for one that is not Helm's. Pure."""
    if not secrets:
        return HelmRelease()
    latest = max(secrets, key=lambda secret: int(secret["metadata"]["labels"].get("version", 0)))
    record = _decode(latest)
    chart = record.get("chart", {}).get("metadata", {})
    return HelmRelease(
        status=record["info"]["status"], revision=record["version"], chart=f"{chart.get('name', '')}-{chart.get('version', '')}",
        values=record.get("config") or {}, manifest=record.get("manifest") or "", crds=_crds(record),
    )


def deployed_revision(secrets: list[dict]) -> HelmRelease:
    """The deployed revision, even if a later one failed; the last that was deployed if none is now, or else the latest. Pure."""
    good = last_good_revision(secrets)
    return latest_revision([secret for secret in secrets if int(secret["metadata"]["labels"].get("version", 0)) == good] or secrets)


def last_good_revision(secrets: list[dict]) -> int:
    """The number of the last revision that was deployed, to which a rollback goes; 0 if there is none. Pure."""
    numbers = {
        status: [int(label.get("version", 0)) for label in (secret["metadata"]["labels"] for secret in secrets) if label.get("status") == status]
        for status in ("deployed", "superseded")
    }
    return max(numbers["deployed"] or numbers["superseded"], default=0)


def manifest_objects(release: HelmRelease, namespace: str) -> dict[tuple[str, str], dict]:
    """The objects of a release by kind and name, in the order in which Helm creates them, each with its namespace. Pure."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there
    objects = [obj for text in (*release.crds, release.manifest) for obj in yaml.load_all(text, loader) if obj]
    for obj in objects:
        if obj["kind"] not in CLUSTER_SCOPED:
            obj["metadata"].setdefault("namespace", namespace)
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in objects}


def unfinished_note(deployed: HelmRelease, latest: HelmRelease) -> str:
    """What the state of the latest revision means, "" if it is the deployed one. Pure."""
    if not latest.status or latest.revision == deployed.revision and latest.status == "deployed":
        return ""
    compared = f"compared with the cluster is revision {deployed.revision} ({deployed.status})"
    if latest.status in PENDING:
        return f"Revision {latest.revision} of the Helm release is {latest.status}: an operation of Helm's was interrupted; {compared}. Run the role dapr."
    return f"Revision {latest.revision} of the Helm release is {latest.status}; {compared}. See helm history, and run the role dapr again."


def released_version(objects: dict[tuple[str, str], dict]) -> str:
    """The version of Dapr by the label of the operator in a release's objects, "" if it is not known. Pure.

    The chart's own version is 0.0.0 in Dapr's repository.
    """
    operator = objects.get((OPERATOR.kind, OPERATOR.workload), {})
    return ((operator.get("metadata") or {}).get("labels") or {}).get("app.kubernetes.io/version", "")


def _crds(record: dict) -> tuple[str, ...]:
    files = record.get("chart", {}).get("files") or []
    return tuple(base64.b64decode(file["data"]).decode() for file in files if file["name"].startswith(CRDS) and file["name"].endswith((".yaml", ".yml")))


def _decode(secret: dict) -> dict:
    """Helm encodes and gzips the record; the API encodes it once more."""
    try:
        packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
        return json.loads(gzip.decompress(packed))
    except (KeyError, ValueError, OSError, EOFError) as error:
        name = secret["metadata"]["name"]
        raise RunbookError(f"The Secret {name} is not the record of a Helm release ({error}). Inspect it with: helm history") from error
