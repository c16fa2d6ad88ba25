# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a container read when it started, and whether it would get something else now. Pure.

An environment, and a file that is mounted alone (subPath), stay as they were when the container started. The files of a whole
volume are brought up to date by the kubelet, so they are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import containers_of, time_of

Source = tuple[str, str]  # kind (Secret or ConfigMap) and name

ENV = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}
ENV_FROM = {"secretRef": "Secret", "configMapRef": "ConfigMap"}
VOLUMES = {"secret": "Secret", "configMap": "ConfigMap"}
DATA_FIELDS = ("f:data", "f:stringData", "f:binaryData")


@dataclass(frozen=True)
class Started:
    """A container that runs, or an init container that has ended. ``image_id``: the ID of what it really runs, "" if not known."""

    name: str
    at: datetime
    sources: frozenset[Source]
    image: str
    image_id: str


def started_of(pod: dict) -> list[Started]:
    """The containers of a pod that have started, with what each one read then."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    found = []
    for spec, status, _kind in containers_of(pod):
        state = status.get("state") or {}
        run = state.get("running") or state.get("terminated") or {}
        if run.get("startedAt"):
            sources = frozenset(_env_sources(spec) | _file_sources(spec, volumes))
            found.append(Started(spec["name"], time_of(run["startedAt"]), sources, spec["image"], bare_id(status.get("imageID", ""))))
    return found


def data_changed(metadata: dict) -> datetime:
    """When the data of a Secret or a ConfigMap was last written, in whole seconds, by the metadata alone: no value is needed."""
    writes = [
        entry.get("time") for entry in metadata.get("managedFields") or []
        if any(field in (entry.get("fieldsV1") or {}) for field in DATA_FIELDS)
    ]
    return max(map(time_of, [metadata["creationTimestamp"], *filter(None, writes)]))


def bare_id(image_id: str) -> str:
    """The ID of an image as its node has it, "" where the runtime tells a registry's digest instead, which is another number."""
    text = image_id.removeprefix("docker://")
    return text if text.startswith("sha256:") else ""


def _env_sources(spec: dict) -> set[Source]:
    refs = [(ENV, entry.get("valueFrom") or {}) for entry in spec.get("env") or []]
    refs += [(ENV_FROM, entry) for entry in spec.get("envFrom") or []]
    return {(kind, ref[field]["name"]) for table, ref in refs for field, kind in table.items() if ref.get(field)}


def _file_sources(spec: dict, volumes: dict[str, dict]) -> set[Source]:
    alone = [mount["name"] for mount in spec.get("volumeMounts") or [] if mount.get("subPath") or mount.get("subPathExpr")]
    return {source for name in alone for source in _volume_sources(volumes.get(name, {}))}


def _volume_sources(volume: dict) -> set[Source]:
    """A volume of its own says secretName, a source of a projected one says name."""
    parts = [volume, *((volume.get("projected") or {}).get("sources") or [])]
    found = [(kind, part[field]) for part in parts for field, kind in VOLUMES.items() if part.get(field)]
    return {(kind, ref.get("secretName") or ref.get("name", "")) for kind, ref in found}
