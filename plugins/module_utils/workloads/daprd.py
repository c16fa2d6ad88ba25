# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pod says of its Dapr sidecar. Pure."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import containers_of

DAPRD = "daprd"
DAPR_ENABLED = "dapr.io/enabled"
YES = ("y", "yes", "true", "t", "on", "1")  # what the injector takes for true, in any case (IsTruthy in dapr/kit)


def asks_for_dapr(template: dict) -> bool:
    """Whether a pod, or a pod template, carries the annotation that makes Dapr inject its sidecar."""
    return (template.get("metadata", {}).get("annotations") or {}).get(DAPR_ENABLED, "").strip().lower() in YES


def daprd_of(pod: dict) -> tuple[dict, dict] | None:
    """Spec and status of the sidecar's container, also where it is a native sidecar; None where there is none."""
    return next(((spec, status) for spec, status, _kind in containers_of(pod) if spec["name"] == DAPRD), None)


def port_of(spec: dict, name: str, default: int) -> int:
    """A port that daprd was started with, given as --name=value or as --name value, with one dash or two."""
    words = [*(spec.get("command") or []), *(spec.get("args") or [])]
    for word, following in zip(words, [*words[1:], ""]):
        option, equals, value = word.lstrip("-").partition("=")
        value = value if equals else following
        if word.startswith("-") and option == name and value.isdigit():
            return int(value)
    return default
