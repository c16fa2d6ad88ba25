# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first look at the workloads, and the plan that follows from it and the options."""

from __future__ import annotations

import getpass
import socket
import time
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.actions import Change
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.changes import make_changes
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.plan import Restart, make_plan, workloads_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.served import remembering, served_before
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.stale import find_stale, moved_images
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.autoscaler import KIND, refuse_scaled
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Options, Verdict, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.verdict import judge

NOTICE = 10  # seconds in which a controller is expected to act on a manifest that was just applied
PAUSE = 0.2


@dataclass(frozen=True)
class Start:
    """What is found at the first look, and what shall be done. ``served``: the revision that served before, by workload."""

    feed: Feed
    verdict: Verdict
    plan: list
    served: dict[Workload, str]
    notes: tuple[str, ...] = ()


def begin(cluster: Cluster, params: dict, check_mode: bool) -> Start:
    """Observes and plans. Raises RunbookError for what can't be done; nothing is changed yet."""
    _refuse_contradictions(params)
    workloads = workloads_of(params["workloads"])
    notes = _check_replicas(cluster, params, workloads)
    feed = Feed.open(cluster, params["namespace"], workloads, with_history(params))
    stale = {}
    if params["restart"] == "if_stale":
        feed = feed if check_mode else _noticed(cluster, params, feed)
        stale = find_stale(cluster, _scene(feed, params), params["image_ids"], set(params["secrets"]) if check_mode else set())
    scene = _scene(feed, params)
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    restarts = make_plan(feed.observation, params["restart"], at, check_mode, stale)
    changes = make_changes(feed.observation, params, who())
    rolling = {change.workload for change in changes if change.rolls}
    plan = [*changes, *(restart for restart in restarts if restart.workload not in rolling)]
    if params["rollback_on_failure"]:
        _refuse_moved(scene, params, plan)
    verdict = judge(feed.observation, scene.now, scene.options)
    if not remembers(params):
        return Start(feed, verdict, plan, {}, notes)
    served = served_before(scene, verdict)
    return Start(feed, verdict, remembering(plan, served), served, notes)


def options_of(params: dict) -> Options:
    """The module's options that say how long something may last."""
    return Options(**{name: params[name] for name in vars(Options())})


def remembers(params: dict) -> bool:
    """Whether it is noted what serves, and why it was made."""
    return params["rollback_on_failure"] or bool(params["change_cause"])


def with_history(params: dict) -> bool:
    """Whether the revisions of all workloads are read."""
    return params["history"] or params["state"] == "undone" or remembers(params)


def who() -> str:
    """Who does it, for the change cause: kubectl's history shows it."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # no such user, as in some containers
        return socket.gethostname()


def _check_replicas(cluster: Cluster, params: dict, workloads: tuple[Workload, ...]) -> tuple[str, ...]:
    """Refuses replicas that an autoscaler holds. Returns what could not be seen."""
    if all(entry.get("replicas") is None for entry in params["workloads"]):
        return ()
    try:
        refuse_scaled(workloads, params["workloads"], cluster.list(KIND, params["namespace"]))
    except ApiError as error:
        if error.status != 403:
            raise
        return (f"Not allowed to list {KIND} objects in namespace {params['namespace']}: an autoscaler may undo replicas.",)
    return ()


def _scene(feed: Feed, params: dict) -> Scene:
    return Scene(feed.observation, feed.cluster.now(), options_of(params))


def _noticed(cluster: Cluster, params: dict, feed: Feed) -> Feed:
    """A look at which the controllers have acted on what was just applied: the pods that they replace anyway are not stale."""
    until = time.monotonic() + NOTICE
    while time.monotonic() < until and not all(subject.is_seen for subject in _subjects(feed, params)):
        time.sleep(PAUSE)
        feed = Feed.open(cluster, params["namespace"], feed.observation.workloads, with_history(params))
    return feed


def _subjects(feed: Feed, params: dict) -> list:
    return list(filter(None, map(_scene(feed, params).subject, feed.observation.workloads)))


def _refuse_moved(scene: Scene, params: dict, plan: list) -> None:
    """Where new pods get another image under the same reference, the former pod template does not bring the former image back."""
    rolling = {action.workload for action in plan if isinstance(action, Restart) or isinstance(action, Change) and action.rolls}
    for index, workload in enumerate(scene.observation.workloads):
        subject = scene.subject(workload) if workload in rolling else None
        moved = moved_images(subject, params["image_ids"]) if subject else []
        if moved:
            raise RunbookError(
                f"workloads[{index}]: the node has another image behind {', '.join(moved)} than the pods of {workload} run, so after a "
                "failure there would be nothing to go back to. Use tags that follow from the content (tag_strategy: content of "
                "minikube_image), or set rollback_on_failure: false. Nothing was changed."
            )


def _refuse_contradictions(params: dict) -> None:
    if params["restart"] != "if_stale" and (params["image_ids"] or params["secrets"]):
        name = "image_ids" if params["image_ids"] else "secrets"
        raise RunbookError(f"The option {name} is for restart: if_stale only.")
    if params["state"] != "undone":
        if params["to_revision"]:
            raise RunbookError("The option to_revision is for state: undone only.")
        return
    if params["restart"] != "never":
        raise RunbookError("state: undone replaces the pods by itself: leave the option restart out.")
    for index, entry in enumerate(params["workloads"]):
        if any(entry.get(name) is not None for name in ("images", "env")):
            why = "images and env come from the revision that state: undone goes back to"
            raise RunbookError(f"workloads[{index}]: {why}. Leave them out.")
