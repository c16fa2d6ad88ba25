# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects of Dapr's release that were deleted or changed, most of them while every pod stays ready."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from dapr_faults.cluster_state import SYSTEM, eventually, get, is_ready, patch, pods_of, sidecar_of, states, waiting
from dapr_faults.control_plane import recreate, restart
from dapr_faults.dry_run import dry_run_pod, injects
from dapr_faults.fault import Fault
from dapr_faults.workloads import NAMESPACE, apply, ready_pods, remove, workload
from harness import TestCluster

INJECTOR = "dapr-sidecar-injector"
WRONG_IMAGE = "ghcr.io/dapr/daprd:no-such-version"


@dataclass(frozen=True, eq=False)
class Change:
    """A JSON patch of an object, () to delete it."""

    kind: str
    name: str
    operations: tuple[dict, ...] = ()


@dataclass
class ReleaseChanged(Fault):
    """Objects of the release were deleted or changed. ``injects``: whether new pods still get their sidecar; ``pods``: those that may be replaced.

    ``reconnects``: the injector's pod is replaced, as the API server keeps its connection to it.
    """

    changes: tuple[Change, ...] = ()
    injects: bool = True
    reconnects: bool = False
    pods: tuple[str, ...] = ()
    previous: dict[Change, dict] = field(default_factory=dict)
    changed: dict[Change, dict | None] = field(default_factory=dict)

    def inject(self, cluster: TestCluster) -> None:
        self.previous, self.changed = {}, {}  # a trial has its own
        for change in self.changes:
            self.previous[change] = get(cluster, change.kind, change.name)
            if change.operations:
                patch(cluster, change.kind, change.name, list(change.operations), "json")
            else:
                cluster.kubectl("delete", change.kind, change.name, *_namespace(self.previous[change]))
            self.changed[change] = _content(get(cluster, change.kind, change.name))
        if self.reconnects:
            restart(cluster, INJECTOR)
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        for change in self.changes:
            assert _content(get(cluster, change.kind, change.name)) == self.changed[change], f"{change.kind} {change.name} was changed again"
        assert injects(cluster) == self.injects, "whether new pods get their sidecar"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(SYSTEM, f"{name}-") for name in self.pods}

    def clean_up(self, cluster: TestCluster) -> None:
        for change, previous in self.previous.items():
            current = get(cluster, change.kind, change.name)
            if current is None:
                recreate(cluster, change.kind, previous)
            elif _content(current) == self.changed[change] != _content(previous):
                restored = {**previous, "metadata": {**previous["metadata"], "resourceVersion": current["metadata"]["resourceVersion"]}}
                cluster.kubectl("replace", "-f", "-", stdin=json.dumps(restored))
        eventually(lambda: self._require_injection(cluster))

    def _require_injection(self, cluster: TestCluster) -> None:
        assert injects(cluster), "new pods get no sidecar"


def _namespace(obj: dict) -> tuple[str, ...]:
    return ("-n", obj["metadata"]["namespace"]) if "namespace" in obj["metadata"] else ()


def _content(obj: dict | None) -> dict | None:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")} if obj else None


@dataclass
class SidecarImage(Fault):
    """The injector gives new pods an image that does not exist, and an application was rolled out since: its old pod keeps serving."""

    app: str = "wrong-image"
    serving: str = ""

    def inject(self, cluster: TestCluster) -> None:
        apply(cluster, workload(cluster, self.app))
        self.serving = ready_pods(cluster, self.app)[0]["metadata"]["name"]
        self._set_image(cluster, WRONG_IMAGE)
        cluster.kubectl("rollout", "restart", f"deployment/{self.app}", "-n", NAMESPACE)
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        pods = {pod["metadata"]["name"]: pod for pod in pods_of(cluster, self.app, NAMESPACE)}
        assert is_ready(pods.pop(self.serving)) and len(pods) == 1, f"the serving pod and one other: {states(list(pods.values()))}"
        reason = waiting(next(iter(pods.values())), "daprd")
        assert reason in ("ErrImagePull", "ImagePullBackOff"), reason

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(SYSTEM, f"{INJECTOR}-"), (NAMESPACE, f"{self.app}-")}

    def clean_up(self, cluster: TestCluster) -> None:
        remove(cluster, self.app)
        if self._image(cluster) == WRONG_IMAGE:
            cluster.kubectl("rollout", "undo", f"deployment/{INJECTOR}", "-n", SYSTEM)
            cluster.kubectl("rollout", "status", f"deployment/{INJECTOR}", "-n", SYSTEM, "--timeout=300s")

    def _set_image(self, cluster: TestCluster, image: str) -> None:
        cluster.kubectl("set", "env", f"deployment/{INJECTOR}", "-n", SYSTEM, f"SIDECAR_IMAGE={image}")
        cluster.kubectl("rollout", "status", f"deployment/{INJECTOR}", "-n", SYSTEM, "--timeout=300s")
        eventually(lambda: self._require_image(cluster, image))

    def _require_image(self, cluster: TestCluster, image: str) -> None:
        sidecar = sidecar_of(dry_run_pod(cluster))
        assert sidecar and sidecar["image"] == image, "new pods get another image"

    def _image(self, cluster: TestCluster) -> str:
        spec = get(cluster, "deployment", INJECTOR)["spec"]["template"]["spec"]["containers"][0]
        return next(entry["value"] for entry in spec["env"] if entry["name"] == "SIDECAR_IMAGE")


def replace(path: str, value: object, operation: str = "replace") -> tuple[dict, ...]:
    return ({"op": operation, "path": path, "value": value},)


API, SYSTEM_CONFIGURATION = Change("service", "dapr-api"), Change("configurations.dapr.io", "daprsystem")
CRD, RULE = Change("crd", "httpendpoints.dapr.io"), Change("clusterrole", "dapr-operator-admin", ({"op": "remove", "path": "/rules/0"},))
PORT = Change("service", INJECTOR, replace("/spec/ports/0/targetPort", 4001))
SELECTOR = Change("mutatingwebhookconfiguration", INJECTOR, replace("/webhooks/0/namespaceSelector", {"matchLabels": {"dapr": "yes"}}))
SERVICE_NAMESPACE = Change("mutatingwebhookconfiguration", INJECTOR, replace("/webhooks/0/clientConfig/service/namespace", "elsewhere"))
PROBE = Change("deployment", "dapr-operator", replace("/spec/template/spec/containers/0/readinessProbe/periodSeconds", 4))

RELEASE = (
    ReleaseChanged("release_objects", ("Service dapr-api", "Configuration daprsystem", "httpendpoints.dapr.io", "ClusterRole dapr-operator-admin",
                                       "namespaceSelector.matchLabels"),
                   changes=(API, SYSTEM_CONFIGURATION, CRD, RULE, SELECTOR), injects=False),
    ReleaseChanged("injector_port_changed", ("spec.ports[https].targetPort is 4001 instead of https",), long=True,
                   changes=(PORT,), injects=False, reconnects=True),
    ReleaseChanged("api_service_deleted", ("Service dapr-api",), long=True, changes=(API,)),
    ReleaseChanged("webhook_calls_another_namespace", ("clientConfig.service.namespace is elsewhere",), long=True, changes=(SERVICE_NAMESPACE,), injects=False),
    ReleaseChanged("probe_changed", ("readinessProbe.periodSeconds is 4 instead of 3",), long=True, changes=(PROBE,), pods=("dapr-operator",)),
    SidecarImage("sidecar_image", ("SIDECAR_IMAGE", "wrong-image"), long=True),
)
