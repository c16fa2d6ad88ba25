# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which workloads are stale: their running pods would get another environment, or another image, if they were recreated.

Environment variables, and files mounted with subPath, keep the values that they had when the container started. The kubelet updates
the files of a whole volume, so these don't count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime

from ..clients.cluster.access import FORBIDDEN, not_allowed
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..workloads.fields import containers_of, data_changed, time_of
from ..workloads.model import Workload
from ..workloads.snapshot import Snapshot, WorkloadView
from .options import Source
from .stale_values import unchanged_sources

ENV = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}
ENV_FROM = {"secretRef": "Secret", "configMapRef": "ConfigMap"}
VOLUMES = {"secret": "Secret", "configMap": "ConfigMap"}


@dataclass(frozen=True)
class StartedContainer:
    """A container that is running, or an init container that has ended. ``image_id``: the ID of its image, "" if not known."""

    name: str
    at: datetime
    sources: frozenset[Source]  # what it read at its start
    image: str
    image_id: str


def find_stale(
    cluster: Cluster, snapshot: Snapshot, image_ids: Mapping[str, str | None], own_changes: Set[Source], check_mode: bool, hide: Callable = list
) -> dict[Workload, str]:
    """The reason why each stale workload is stale. Reads the metadata of Secrets and ConfigMaps, and the values of those that were written late.

    ``image_ids``: reference to the ID that the node has for it. ``own_changes``: what this run has changed, or would have in
    check mode. Their values are not compared, as check mode could not predict the result. ``hide``: called with the values of Secrets.
    """
    views = snapshot.views()
    sources = {source for view in views for started in started_containers(view) for source in started.sources}
    namespace = snapshot.observation.namespace
    changed = _read_changes(cluster, namespace, sources)
    predicted = own_changes if check_mode else frozenset()
    late = {view.workload: (view.active, _late_sources(view, changed) - own_changes) for view in views}
    unchanged = unchanged_sources(cluster, namespace, late, hide)
    reasons = {view.workload: stale_reason(view, _without(changed, unchanged[view.workload]), image_ids, predicted) for view in views}
    return {workload: reason for workload, reason in reasons.items() if reason}


def stale_reason(
    view: WorkloadView, changed: Mapping[Source, datetime], image_ids: Mapping[str, str | None], own_changes: Set[Source]
) -> str:
    """Why the pods of the current revision are stale, "" if they are not. Pure."""
    for started in started_containers(view):
        late = sorted(f"{kind} {name}" for kind, name in started.sources if _is_late(started, (kind, name), changed, own_changes))
        if late:
            return f"{' and '.join(late)} changed after its container {started.name} had started"
    retagged = retagged_images(view, image_ids)
    return f"{retagged[0]} now points to a different image than its pods run" if retagged else ""


def retagged_images(view: WorkloadView, image_ids: Mapping[str, str | None]) -> list[str]:
    """The references for which the node has another image than the pods of the current revision run. Pure."""
    present = {reference: bare_id(image_id or "") for reference, image_id in image_ids.items()}
    retagged = {
        started.image for started in started_containers(view)
        if started.image in present and started.image_id and present[started.image] not in ("", started.image_id)
    }
    return sorted(retagged)


def _late_sources(view: WorkloadView, changed: Mapping[Source, datetime]) -> set[Source]:
    """The sources that were written after a container that reads them had started."""
    return {source for started in started_containers(view) for source in started.sources if _is_late(started, source, changed, frozenset())}


def _without(changed: Mapping[Source, datetime], unchanged: set[Source]) -> dict[Source, datetime]:
    """The changes, without those of sources whose current values the containers already have."""
    return {source: at for source, at in changed.items() if source not in unchanged}


def started_containers(view: WorkloadView) -> list[StartedContainer]:
    """The started containers of the current revision; pods that are replaced anyway don't count."""
    return [started for pod in view.active for started in started_of(pod)]


def started_of(pod: dict) -> list[StartedContainer]:
    """The containers of a pod that have started, with what each one read then."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    result: list[StartedContainer] = []
    for spec, status, _kind in containers_of(pod):
        state = status.get("state") or {}
        started = time_of((state.get("running") or state.get("terminated") or {}).get("startedAt"))
        if started:
            sources = frozenset(_env_sources(spec) | _file_sources(spec, volumes))
            result.append(StartedContainer(spec["name"], started, sources, spec["image"], bare_id(status.get("imageID", ""))))
    return result


def bare_id(image_id: str) -> str:
    """The ID of an image on its node, "" if the runtime reports a registry's digest instead, which is a different value."""
    text = image_id.removeprefix("docker://")
    return text if text.startswith("sha256:") else ""


def _is_late(started: StartedContainer, source: Source, changed: Mapping[Source, datetime], own_changes: Set[Source]) -> bool:
    """Times are whole seconds, and a container reads before it starts, so the same second counts as later. At worst that is one restart."""
    return source in own_changes or (source in changed and changed[source] >= started.at)


def _read_changes(cluster: Cluster, namespace: str, sources: set[Source]) -> dict[Source, datetime]:
    """When the data of each source that exists was last written. One list per kind, or one by one if only that is allowed."""
    changes = {}
    for kind in sorted({kind for kind, _name in sources}):
        names = {name for of_kind, name in sources if of_kind == kind}
        for metadata in _metadata(cluster, kind, namespace, names):
            if metadata["name"] in names:
                changes[kind, metadata["name"]] = data_changed(metadata) or time_of(metadata["creationTimestamp"])
    return changes


def _metadata(cluster: Cluster, kind: str, namespace: str, names: set[str]) -> list[dict]:
    try:
        return cluster.list_metadata(kind, namespace)
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
    try:
        return list(filter(None, (cluster.get_metadata(kind, name, namespace) for name in sorted(names))))
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
        what = f"list {kind} objects, or get those that the pods read ({', '.join(sorted(names))}),"
        fix = "Grant list, or get by name. Only their metadata is read."
        raise not_allowed(what, namespace, "to find out when they changed (restart: if_stale)", fix) from error


def _env_sources(spec: dict) -> set[Source]:
    refs = [(ENV, entry.get("valueFrom") or {}) for entry in spec.get("env") or []]
    refs += [(ENV_FROM, entry) for entry in spec.get("envFrom") or []]
    return {(kind, ref[field]["name"]) for table, ref in refs for field, kind in table.items() if ref.get(field)}


def _file_sources(spec: dict, volumes: dict[str, dict]) -> set[Source]:
    alone = [mount["name"] for mount in spec.get("volumeMounts") or [] if mount.get("subPath") or mount.get("subPathExpr")]
    return {source for name in alone for source in _volume_sources(volumes.get(name, {}))}


def _volume_sources(volume: dict) -> set[Source]:
    """A secret volume has secretName, a source of a projected volume has name."""
    parts = [volume, *((volume.get("projected") or {}).get("sources") or [])]
    refs = [(kind, part[field]) for part in parts for field, kind in VOLUMES.items() if part.get(field)]
    return {(kind, ref.get("secretName") or ref.get("name", "")) for kind, ref in refs}
