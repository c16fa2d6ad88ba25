# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which workloads' running pods would get something else if they were made anew: another environment, or another image."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.sources import Source, Started, bare_id, data_changed, started_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Workload
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene, Subject


def find_stale(cluster: Cluster, scene: Scene, image_ids: dict, foretold: set[str]) -> dict[Workload, str]:
    """Workload to why it is stale. Reads the metadata of what its pods have read, never a value.

    ``image_ids``: reference to the ID that the node has under it. ``foretold``: Secrets that would have changed by now, were
    this not check mode.
    """
    subjects = _subjects(scene)
    sources = {source for subject in subjects for started in started_by(subject) for source in started.sources}
    changed = read_changes(cluster, scene.observation.namespace, sources)
    reasons = {subject.workload: stale_reason(subject, changed, image_ids, foretold) for subject in subjects}
    return {workload: reason for workload, reason in reasons.items() if reason}


def stale_reason(subject: Subject, changed: Mapping[Source, datetime], image_ids: dict, foretold: set[str]) -> str:
    """Why the pods of the present revision are stale, "" where they are not. Pure."""
    for started in started_by(subject):
        late = sorted(f"{kind} {name}" for kind, name in started.sources if _is_late(started, (kind, name), changed, foretold))
        if late:
            return f"{' and '.join(late)} changed after its container {started.name} had started"
    moved = moved_images(subject, image_ids)
    return f"the node has another image behind {moved[0]} than its pods run" if moved else ""


def moved_images(subject: Subject, image_ids: dict) -> list[str]:
    """The references behind which the node has another image than the pods of the present revision run. Pure."""
    wanted = {reference: bare_id(image_id or "") for reference, image_id in image_ids.items()}
    found = {
        started.image for started in started_by(subject)
        if started.image in wanted and started.image_id and wanted[started.image] not in ("", started.image_id)
    }
    return sorted(found)


def read_changes(cluster: Cluster, namespace: str, sources: set[Source]) -> dict[Source, datetime]:
    """When the data of each source that exists was last written. One list a kind, or one by one where only that is allowed."""
    found = {}
    for kind in sorted({kind for kind, _name in sources}):
        names = {name for wanted, name in sources if wanted == kind}
        for metadata in _metadata(cluster, kind, namespace, names):
            if metadata["name"] in names:
                found[kind, metadata["name"]] = data_changed(metadata)
    return found


def started_by(subject: Subject) -> list[Started]:
    """What has started in the pods of the present revision; pods that go anyway don't count."""
    return [started for pod in subject.active for started in started_of(pod)]


def _subjects(scene: Scene) -> list[Subject]:
    return list(filter(None, map(scene.subject, scene.observation.workloads)))


def _is_late(started: Started, source: Source, changed: Mapping[Source, datetime], foretold: set[str]) -> bool:
    """Times are whole seconds, and a container reads before it starts: the same second counts as later, which costs one restart."""
    kind, name = source
    return (kind == "Secret" and name in foretold) or (source in changed and changed[source] >= started.at)


def _metadata(cluster: Cluster, kind: str, namespace: str, names: set[str]) -> list[dict]:
    try:
        return cluster.list_metadata(kind, namespace)
    except ApiError as error:
        if error.status != 403:
            raise
    try:
        return list(filter(None, (cluster.get_metadata(kind, name, namespace) for name in sorted(names))))
    except ApiError as error:
        if error.status != 403:
            raise
        read = ", ".join(sorted(names))
        raise RunbookError(
            f"Not allowed to list {kind} objects in namespace {namespace}, nor to get those that the pods read ({read}), which "
            "restart: if_stale needs to know when they changed. Grant list, or get by name. Only their metadata is read."
        ) from error
