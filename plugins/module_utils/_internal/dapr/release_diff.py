# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares stored objects with those of the Helm release. Pure.

``is_suspect`` costs nothing and errs on the side of a difference; whether there is one shows the dry run of ``restored``, to whose answer
the API server has added its defaults.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

TEMPLATE_KINDS = ("Deployment", "StatefulSet")
# What the API server adds where a manifest says nothing. One that is missing here costs a dry run, no more.
DEFAULTS = {
    "apiGroup": ("rbac.authorization.k8s.io",), "apiVersion": ("v1",), "conversion": ({"strategy": "None"},), "defaultMode": (420,),
    "dnsPolicy": ("ClusterFirst",), "expirationSeconds": (3600,), "failureThreshold": (3,), "imagePullPolicy": ("IfNotPresent", "Always"),
    "internalTrafficPolicy": ("Cluster",), "matchPolicy": ("Equivalent",), "periodSeconds": (10,), "podManagementPolicy": ("OrderedReady",),
    "port": (443,), "progressDeadlineSeconds": (600,), "protocol": ("TCP",), "restartPolicy": ("Always",), "revisionHistoryLimit": (10,),
    "schedulerName": ("default-scheduler",), "scheme": ("HTTP",), "scope": ("*",), "sessionAffinity": ("None",),
    "strategy": ({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},), "successThreshold": (1,),
    "terminationGracePeriodSeconds": (30,), "terminationMessagePath": ("/dev/termination-log",), "terminationMessagePolicy": ("File",),
    "timeoutSeconds": (1, 10), "type": ("ClusterIP",), "updateStrategy": ({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},),
    "persistentVolumeClaimRetentionPolicy": ({"whenDeleted": "Retain", "whenScaled": "Retain"},),
}
# What the API server allocates or derives from another field, and Dapr itself writes.
ALLOCATED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "targetPort", "serviceAccount", "listKind", "singular", "caBundle")
SERVICE_ADDRESSES = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort")
# What ``restored`` leaves as it is.
UNDECIDED = {"Deployment": ("replicas",), "StatefulSet": ("replicas", "volumeClaimTemplates"), "CustomResourceDefinition": ("clientConfig",)}
CREDENTIALS = "automountServiceAccountToken"
MAX_SHOWN = 3  # differences of an object in its evidence
MAX_LENGTH = 60  # characters of a value


def is_suspect(live: dict, released: dict) -> bool:
    """Whether the dry run of a restored object might change it."""
    if released["kind"] == "ServiceAccount" and CREDENTIALS in live and CREDENTIALS not in released:
        return True
    return any(_may_differ(live.get(key), released[key], key, released["kind"]) for key in _sections(released)) or _metadata_differs(live, released)


def restored(live: dict, released: dict) -> dict:
    """The stored object as the release has it. What the API server and Dapr itself write stays: addresses, replicas, CA bundles."""
    obj = {**copy.deepcopy(live), "apiVersion": released["apiVersion"], "kind": released["kind"]}
    obj.pop("status", None)
    for field in ("labels", "annotations"):
        obj["metadata"][field] = {**(live["metadata"].get(field) or {}), **(released["metadata"].get(field) or {})}
    for key in _sections(released):
        obj[key] = copy.deepcopy(released[key])
    _keep(obj, live, released)
    return obj


def differences(live: dict, answer: dict) -> list[str]:
    """How a stored object differs from the dry run's answer, as sentences. Values of variables are not shown."""
    keys = [key for key in sorted(live.keys() | answer.keys()) if key not in ("metadata", "status", "apiVersion", "kind")]
    found = [text for key in keys for text in _differences(live.get(key), answer.get(key), key)]
    for field in ("labels", "annotations"):
        found += _differences(live["metadata"].get(field) or {}, answer["metadata"].get(field) or {}, f"metadata.{field}")
    return found


def summary(found: list[str]) -> str:
    """The differences of one object in a sentence."""
    more = f", and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
    return f"it differs from the release: {'; '.join(found[:MAX_SHOWN])}{more}"


def _sections(released: dict) -> list[str]:
    return [key for key in released if key not in ("apiVersion", "kind", "metadata", "status")]


def _metadata_differs(live: dict, released: dict) -> bool:
    metadata, stored = released["metadata"], live["metadata"]
    return any((stored.get(field) or {}).get(key) != str(value) for field in ("labels", "annotations") for key, value in (metadata.get(field) or {}).items())


def _keep(obj: dict, live: dict, released: dict) -> None:
    """Puts back what the release does not decide."""
    kind = released["kind"]
    if kind == "Service":
        obj["spec"] |= {key: live["spec"][key] for key in SERVICE_ADDRESSES if key in live["spec"] and key not in released["spec"]}
    elif kind in TEMPLATE_KINDS:
        _keep_of_workload(obj, live, released)
    elif kind == "MutatingWebhookConfiguration":
        bundles = {entry["name"]: entry["clientConfig"].get("caBundle") for entry in live.get("webhooks") or []}
        for entry in obj["webhooks"]:
            if bundles.get(entry["name"]):
                entry["clientConfig"]["caBundle"] = bundles[entry["name"]]
    elif kind == "CustomResourceDefinition":
        _keep_conversion(obj, live)
    elif kind == "Configuration":
        obj["spec"] = _merged(live.get("spec") or {}, released["spec"])
    elif kind == "ServiceAccount" and CREDENTIALS not in released:
        obj.pop(CREDENTIALS, None)


def _keep_of_workload(obj: dict, live: dict, released: dict) -> None:
    """More replicas than the release has, annotations of the template such as restartedAt, and what is immutable in a StatefulSet."""
    spec, stored = obj["spec"], live["spec"]
    if released["kind"] == "StatefulSet":
        spec = obj["spec"] = {**copy.deepcopy(stored), "template": spec["template"]}
    spec["replicas"] = max(stored.get("replicas", 1), released["spec"].get("replicas", 1))
    metadata = spec["template"].setdefault("metadata", {})
    metadata["annotations"] = {**(stored["template"]["metadata"].get("annotations") or {}), **(metadata.get("annotations") or {})}


def _keep_conversion(obj: dict, live: dict) -> None:
    """The operator sets the namespace and the CA bundle of a conversion webhook when it starts."""
    stored = ((live["spec"].get("conversion") or {}).get("webhook") or {}).get("clientConfig")
    webhook = (obj["spec"].get("conversion") or {}).get("webhook")
    if stored and webhook:
        webhook["clientConfig"] = copy.deepcopy(stored)


def _merged(live, released):
    if not (isinstance(live, dict) and isinstance(released, dict)):
        return copy.deepcopy(released)
    return {**live, **{key: _merged(live.get(key), value) for key, value in released.items()}}


def _may_differ(live, released, key: str, kind: str) -> bool:
    """Whether a stored value is more or less than the release's, apart from what the API server adds or allocates."""
    if key in UNDECIDED.get(kind, ()):
        return False
    if key in ("annotations", "labels"):
        live, released = live or {}, released or {}
    if isinstance(released, dict) and isinstance(live, dict):
        names = released.keys() if key in ("annotations", "labels") or kind == "Configuration" else live.keys() | released.keys()
        return any(_may_differ(live.get(name), released.get(name), name, kind) for name in names)
    if isinstance(released, list) and isinstance(live, list):
        return len(live) != len(released) or any(_may_differ(one, other, key, kind) for one, other in zip(live, released))
    if released is None:
        return (live is False or bool(live)) and key not in ALLOCATED and live not in DEFAULTS.get(key, ())
    if not released and not live:
        return False
    return str(live) != str(released)


def _differences(live, wanted, path: str) -> Iterator[str]:
    if live == wanted:
        return
    if isinstance(live, dict) and isinstance(wanted, dict):
        for key in sorted(live.keys() | wanted.keys()):
            yield from _differences(live.get(key), wanted.get(key), f"{path}.{key}")
    elif isinstance(live, list) and isinstance(wanted, list) and len(live) == len(wanted):
        for index, (one, other) in enumerate(zip(live, wanted)):
            yield from _differences(one, other, f"{path}[{_index_name(one, index)}]")
    elif _has_names(live) and _has_names(wanted):
        yield from _differences({item["name"]: item for item in live}, {item["name"]: item for item in wanted}, path)
    else:
        yield f"{path} is {_shown(live, path)} instead of {_shown(wanted, path)}"


def _has_names(items) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) and "name" in item for item in items)


def _index_name(item, index: int) -> str:
    return item["name"] if isinstance(item, dict) and isinstance(item.get("name"), str) else str(index)


def _shown(value, path: str) -> str:
    """A value in a sentence: long ones and those of variables are not shown."""
    if value is None:
        return "not set"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict) or ".env" in path or len(str(value)) > MAX_LENGTH:
        return "another value"
    return str(value)
