# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Dapr sidecar of a pod. Pure."""

from __future__ import annotations

from .fields import containers_of

DAPRD = "daprd"
DAPR_ENABLED = "dapr.io/enabled"
LIVENESS_NOTE = "its liveness probe only opens a connection, so the kubelet does not restart it"
TRUE_VALUES = ("y", "yes", "true", "t", "on", "1")  # in any case, as the injector reads them (IsTruthy in dapr/kit)

# The health of a daprd by its answer at /v1.0/healthz, or at /v1.0/healthz/outbound.
READY, NOT_READY, STUCK, UNREACHABLE = "ready", "not_ready", "stuck", "unreachable"


def health_state(status: int | None, timed_out: bool = False) -> str:
    """The health by one answer: its HTTP status, or (``status`` is None) whether a connection was accepted and no answer came in time.

    A daprd that accepts connections without answering is stuck. One that refuses or closes them may be starting, so it is not judged.
    """
    if status is None:
        return STUCK if timed_out else UNREACHABLE
    return READY if 200 <= status < 300 else NOT_READY


def dapr_enabled(template: dict) -> bool:
    """Whether a pod, or a pod template, has the annotation that makes Dapr inject its sidecar."""
    return (template.get("metadata", {}).get("annotations") or {}).get(DAPR_ENABLED, "").strip().lower() in TRUE_VALUES


def daprd_of(pod: dict) -> tuple[dict, dict] | None:
    """Spec and status of the daprd container, which may be a native sidecar; None if there is none."""
    return next(((spec, status) for spec, status, _kind in containers_of(pod) if spec["name"] == DAPRD), None)


def port_of(spec: dict, name: str, default: int) -> int:
    """A port from the arguments of daprd, given as --name=value or --name value, with one dash or two."""
    words = [*(spec.get("command") or []), *(spec.get("args") or [])]
    for word, following in zip(words, [*words[1:], ""]):
        option, equals, value = word.lstrip("-").partition("=")
        value = value if equals else following
        if word.startswith("-") and option == name and value.isdigit():
            return int(value)
    return default
