# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module returns. Pure."""

from __future__ import annotations

from ..clients.cluster.pods import INJECTED_CONTAINERS
from ..workloads.fields import DEFAULT_CONTAINER, containers_of
from ..workloads.model import COMPLETE, RolloutStatus, Workload, WorkloadStatus
from ..workloads.readiness import ready_count
from ..workloads.snapshot import DEPLOYMENT_REVISION, Snapshot, WorkloadView
from .actions import Action, diff_of
from .options import RolloutOptions
from .revisions import history, revisions_of


def actions_report(actions: list[Action], status: RolloutStatus, options: RolloutOptions) -> dict:
    """The actions, done or planned."""
    otherwise = ", otherwise roll back to the last good revision" if options.rollback_on_failure else ""
    waits = [f"wait until {one.workload} is complete{otherwise}" for one in status.workloads]
    changes = [{"what": item.what, "kind": item.workload.kind, "name": item.workload.name, "message": str(item)} for item in actions]
    return {"changed": bool(actions), "changes": changes, "actions": [*map(str, actions), *waits], "diff": diff_of(actions)}


def workloads_report(status: RolloutStatus, snapshot: Snapshot, options: RolloutOptions, finished: dict[Workload, float]) -> list[dict]:
    """The workloads as observed last. ``finished``: the seconds until each was complete."""
    return [_workload_data(one, snapshot, finished.get(one.workload), options.history) for one in status.workloads]


def notes_of(status: RolloutStatus) -> list[str]:
    """Limitations of a complete status."""
    return [one.note for one in status.workloads if one.note]


def rollback_candidates(workloads: list[dict]) -> list[str]:
    """From the returned workloads, with their history, the names of those that are not complete and have a previous revision."""
    return [item["name"] for item in workloads if item["state"] != COMPLETE and len(item.get("history") or []) > 1]


def revision_line(workload: dict, is_selected: bool) -> str:
    """The state and the revisions of one of the returned workloads."""
    revisions = "; ".join(_revision_text(revision) for revision in workload.get("history") or [])
    selected = ", will be rolled back" if is_selected else ""
    return f"{workload['kind']} {workload['name']}: {workload['state']}{selected}. Revisions: {revisions or 'none'}"


def pod_data(pod: dict) -> dict:
    """A pod as ``kubectl get pods`` shows it, with the image of its main container."""
    spec, status = _main_container(pod)
    ready, total = ready_count(pod)
    return {
        "name": pod["metadata"]["name"], "ready": f"{ready}/{total}", "image": spec["image"], "imageID": status.get("imageID", ""),
        "restarts": sum(item.get("restartCount", 0) for _spec, item, kind in containers_of(pod) if kind != "init"),
    }


def _workload_data(status: WorkloadStatus, snapshot: Snapshot, seconds: float | None, with_history: bool) -> dict:
    view = snapshot.view(status.workload)
    data = {
        "kind": status.workload.kind, "name": status.workload.name, "state": status.state, "missing": list(status.missing),
        "revision": _revision(view) if view else None, "pods": [pod_data(pod) for pod in view.active] if view else [],
        "seconds": None if seconds is None else round(seconds, 1),
    }
    if with_history and view:
        data["history"] = history(view.obj, revisions_of(status.workload, view.obj, snapshot.observation))
    return data


def _revision_text(revision: dict) -> str:
    details = ": ".join(filter(None, [", ".join(revision["images"].values()), revision["change_cause"]]))
    return f"{revision['revision']} ({details}{', current' if revision['current'] else ''})"


def _main_container(pod: dict) -> tuple[dict, dict]:
    """The application's own container: kubectl's default container, or the first that is not an injected sidecar."""
    own = [(spec, status) for spec, status, kind in containers_of(pod) if kind == "container" and spec["name"] not in INJECTED_CONTAINERS]
    default = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER)
    return next((entry for entry in own if entry[0]["name"] == default), own[0])


def _revision(view: WorkloadView) -> str:
    """A Deployment's revision number as in ``kubectl rollout history``; the hash of the pod template for the others."""
    if view.workload.kind == "Deployment":
        return (view.obj["metadata"].get("annotations") or {}).get(DEPLOYMENT_REVISION, "")
    return view.revision
