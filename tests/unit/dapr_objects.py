# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observed states of Dapr for the tests of its recovery: healthy, and with one problem at a time."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import ORDER, TRUST_BUNDLE, WEBHOOK
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.injection import INJECTED, Injection
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.model import ComponentState, DaprState, Drift, ReleaseState
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.trust_bundle import read_bundle
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import COMPLETE, FAILED, Cause, WorkloadStatus
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime(2025, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
SYSTEM = "dapr-system"


class Authority:
    """A certificate authority as Sentry creates it: a root, and an issuer that signs the workloads' certificates."""

    def __init__(self, days: int = 365):
        self._root_key, self._issuer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self._end = NOW + timedelta(days=days)
        self._root = self._signed("root", "root", self._root_key, self._root_key)
        self._issuer = self._signed("issuer", "root", self._issuer_key, self._root_key)

    def _signed(self, name, by, key, signer):
        names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, item)]) for item in (name, by)]
        builder = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(NOW - timedelta(days=400)).not_valid_after(self._end)
        return builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(signer, hashes.SHA256())

    @property
    def anchors(self) -> str:
        return self._root.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def issuer(self) -> str:
        return self._issuer.public_bytes(serialization.Encoding.PEM).decode()

    def leaf(self) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        return self._signed("leaf", "issuer", key, self._issuer_key).public_bytes(serialization.Encoding.DER)

    def secret(self, **left_out) -> dict:
        data = {"ca.crt": self.anchors, "issuer.crt": self.issuer, "issuer.key": "a key"}
        data = {key: value for key, value in data.items() if key.replace(".", "_") not in left_out}
        return {"metadata": {"name": TRUST_BUNDLE, "resourceVersion": "7"}, "data": {key: encoded(value) for key, value in data.items()}}

    def configmap(self) -> dict:
        return {"metadata": {"name": TRUST_BUNDLE}, "data": {"ca.crt": self.anchors}}


CA, OTHER_CA = Authority(), Authority()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")


def running(since: float = -600) -> dict:
    return {"running": {"startedAt": at(since)}}


def waiting(reason: str, message: str = "") -> dict:
    return {"waiting": {"reason": reason, "message": message}}


def status(name: str, state: dict, ready: bool = False, restarts: int = 0, last: dict | None = None) -> dict:
    return {"name": name, "state": state, "lastState": last or {}, "ready": ready, "restartCount": restarts}


def pod(
    name="web-1-a", owner=("ReplicaSet", "web-1"), sidecar=True, ready=True, daprd=None, anchors=None, init=None, age=600, port="8000",
    namespace="default",
):
    """A pod that is annotated for Dapr. ``daprd``: the status of its sidecar; ``init``: (spec, status) of an init container."""
    containers = [{"name": "app"}]
    statuses = [status("app", running(), ready=ready)]
    if sidecar:
        containers.append({"name": "daprd", "args": ["--dapr-public-port", "3501"], "env": [{"name": "DAPR_TRUST_ANCHORS", "value": anchors or CA.anchors}]})
        statuses.append(daprd or status("daprd", running(), ready=ready))
    metadata = {
        "name": name, "namespace": namespace, "uid": f"uid-{name}", "creationTimestamp": at(-age),
        "labels": {"pod-template-hash": "1"}, "annotations": {"dapr.io/enabled": "true", "dapr.io/app-port": port},
        "ownerReferences": [{"kind": owner[0], "name": owner[1], "uid": owner[1], "controller": True}] if owner else [],
    }
    spec = {"containers": containers, "initContainers": [init[0]] if init else [], "nodeName": "minikube"}
    condition = {"type": "Ready", "status": "True" if ready and (daprd is None or daprd["ready"]) else "False", "lastTransitionTime": at(-60)}
    return {
        "metadata": metadata, "spec": spec,
        "status": {"phase": "Running", "conditions": [condition], "containerStatuses": statuses, "initContainerStatuses": [init[1]] if init else []},
    }


def deployment(name="web", replicas=1, kind="Deployment", namespace="default", annotated=True, **spec):
    annotations = {"dapr.io/enabled": "true"} if annotated else {}
    template = {"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
    return kind, {"metadata": {"name": name, "namespace": namespace}, "spec": {"replicas": replicas, "template": template, **spec}}


def control_pod(component, state=None, ready=True, number=0, **more):
    name = f"{component.workload}-{number}"
    return {
        "metadata": {"name": name, "namespace": SYSTEM, "uid": f"uid-{name}"},
        "spec": {"containers": [{"name": component.workload}]},
        "status": {"containerStatuses": [status(component.workload, state or running(), ready=ready, **more)]},
    }


def control_object(component, replicas=1, **container):
    spec = {"name": component.workload, "image": "dapr:1", "args": ["--log-level", "info"], **container}
    metadata = {"name": component.workload, "namespace": SYSTEM}
    return {"apiVersion": "apps/v1", "kind": component.kind, "metadata": metadata,
            "spec": {"replicas": replicas, "template": {"metadata": {}, "spec": {"containers": [spec]}}}}


def component_state(component, *causes, pods=None, state=None, obj="default", **fields) -> ComponentState:
    """A component that is complete, or with causes one that failed; ``obj`` None for one that does not exist."""
    rollout_status = WorkloadStatus(component.as_workload, state or (FAILED if causes or obj is None else COMPLETE), causes=tuple(causes))
    existing = control_object(component) if obj == "default" else obj
    return ComponentState(rollout_status, existing, tuple(pods if pods is not None else [control_pod(component)]), tuple(causes), **fields)


def cause(component, category, number=0, reason="Reason", log="", message="", summary="can't be created", hint="Do this.") -> Cause:
    return Cause(
        workload=f"{component.kind} {component.workload}", pod=f"{component.workload}-{number}", container=component.workload, container_type="container",
        reason=reason, category=category, summary=summary, hint=hint, message=message, log=log,
    )


def injection(anchors: str = CA.anchors, image: str = "daprd:1", state: str = INJECTED, detail: str = "") -> Injection:
    """What the dry run of a pod shows."""
    return Injection(state, detail, image, anchors) if state == INJECTED else Injection(state, detail)


def node(name="minikube", ready=True, cordoned=False, **spec) -> dict:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {"metadata": {"name": name}, "spec": {"unschedulable": cordoned, **spec}, "status": {"conditions": conditions}}


def webhook(anchors: str | None = None) -> dict:
    config = {"caBundle": encoded(anchors)} if anchors else {}
    return {"kind": "MutatingWebhookConfiguration", "metadata": {"name": WEBHOOK}, "webhooks": [{"name": "sidecar-injector.dapr.io", "clientConfig": config}]}


def dapr_state(*changed, secret="default", configmap="default", **fields) -> DaprState:
    """A healthy Dapr with one application of one pod, apart from what is passed. ``changed``: (component, ComponentState).

    ``release``: its objects; ``missing``: those that do not exist; ``drift``: (released object, difference).
    """
    components = {component.name: component_state(component) for component in ORDER} | {component.name: state for component, state in changed}
    secret = CA.secret() if secret == "default" else secret
    configmap = CA.configmap() if configmap == "default" else configmap
    pods = fields.pop("pods", (pod(),))
    drift = tuple(Drift(obj, obj, (difference,)) for obj, difference in fields.pop("drift", ()))
    objects = {(drifted.released["kind"], drifted.released["metadata"]["name"]): drifted.released for drifted in drift}
    release = ReleaseState({**objects, **fields.pop("release", {})}, tuple(fields.pop("missing", ())), drift)
    healthy = DaprState(
        namespace=SYSTEM, now=NOW, components=components, bundle=read_bundle(secret, configmap), bundle_changed=NOW - timedelta(days=1),
        webhook=webhook(CA.anchors), release=release, injected=len(pods), injection={"default": injection()},
        pods=tuple(pods), workloads=(deployment(),), secret=secret,
    )
    return replace(healthy, **fields)
