# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module returns about the workloads. Pure."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.completion import ready_count
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import DEFAULT_CONTAINER, INJECTED, containers_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import State
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import DEPLOYMENT_REVISION, Scene, Subject


def workload_data(state: State, scene: Scene, seconds: float | None) -> dict:
    """One workload as it was seen last. ``seconds``: how long it took to be complete, None where it was not."""
    subject = scene.subject(state.workload)
    return {
        "kind": state.workload.kind, "name": state.workload.name, "state": state.state, "missing": list(state.missing),
        "revision": _revision(subject) if subject else None, "pods": [pod_data(pod) for pod in subject.active] if subject else [],
        "seconds": None if seconds is None else round(seconds, 1),
    }


def pod_data(pod: dict) -> dict:
    """A pod as ``kubectl get pods`` shows it, with the image of its main container."""
    spec, status = _main_container(pod)
    ready, total = ready_count(pod)
    return {
        "name": pod["metadata"]["name"], "ready": f"{ready}/{total}", "image": spec["image"], "imageID": status.get("imageID", ""),
        "restarts": sum(item.get("restartCount", 0) for _spec, item, kind in containers_of(pod) if kind != "init"),
    }


def _main_container(pod: dict) -> tuple[dict, dict]:
    """The application's own container: the one that kubectl takes by default, or the first that is no injected sidecar."""
    own = [(spec, status) for spec, status, kind in containers_of(pod) if kind == "container" and spec["name"] not in INJECTED]
    default = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER)
    return next((entry for entry in own if entry[0]["name"] == default), own[0])


def _revision(subject: Subject) -> str:
    """What ``kubectl rollout history`` calls it for a Deployment; the hash of the template for the others."""
    if subject.workload.kind == "Deployment":
        return (subject.obj["metadata"].get("annotations") or {}).get(DEPLOYMENT_REVISION, "")
    return subject.revision
