# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The workload of a case: the ready version, and the broken one."""

from __future__ import annotations

import json

from rollout_failures.cases import STARTED, Case

NAME = "app"
LABELS = {"app": NAME}
PORT = 8080
RESOURCES = {"Deployment": "deployment", "StatefulSet": "statefulset"}


def good(kind: str, image: str) -> dict:
    """Two ready pods. When terminated, they keep responding until the node sends them no more requests, which may take seconds."""
    goes_on = 20 if kind == "StatefulSet" else 3  # a StatefulSet terminates a pod before it creates the next one
    container = {
        "name": NAME, "image": image, "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", f"mkdir -p /tmp/www && echo serves > /tmp/www/index.html && echo {STARTED} && exec httpd -f -p {PORT} -h /tmp/www"],
        "readinessProbe": {"httpGet": {"path": "/", "port": PORT}, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 10},
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", f"{goes_on}"]}}},
    }
    template = {"metadata": {"labels": LABELS}, "spec": {"terminationGracePeriodSeconds": goes_on + 1, "containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}
    own = {"serviceName": NAME} if kind == "StatefulSet" else {}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": NAME}, "spec": {**spec, **own}}


def service() -> dict:
    """The NodePort Service of the workload."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME},
            "spec": {"type": "NodePort", "selector": LABELS, "ports": [{"port": PORT}]}}


def broken(case: Case, kind: str, image: str) -> dict:
    """The ready version with the change of a case. The result always differs from the ready version."""
    workload = good(kind, image)
    template = workload["spec"]["template"]
    template["metadata"]["annotations"] = {"version": "broken", **case.annotations}
    container = {**template["spec"]["containers"][0], **case.app}
    pod = {**template["spec"], **json.loads(json.dumps(case.pod).replace("IMAGE", image))}
    pod["containers"] = [{name: value for name, value in container.items() if value is not None}, *pod.pop("more", [])]
    template["spec"] = pod
    workload["spec"].update(case.spec)
    return workload


def pod_of(workload: dict) -> dict:
    """A bare pod as the workload's controller would create it."""
    template = workload["spec"]["template"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": "asked"}, "spec": template["spec"]}


def before(case: Case, namespace: str) -> list[dict]:
    """Further objects that a case needs."""
    return json.loads(json.dumps(case.before).replace("NAMESPACE", namespace))
