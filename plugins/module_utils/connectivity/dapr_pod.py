# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pod says of its daprd. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import Target
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.workloads import not_running
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

DAPRD = "daprd"
ENABLED = "dapr.io/enabled"
HTTP_PORT = 3500  # daprd's own default


@dataclass(frozen=True)
class Daprd:
    """The daprd beside a container: the ports that it was started with, and why its container does not run, "" where it runs.

    ``app_port`` is 0 where it was told none.
    """

    target: Target
    http_port: int
    app_port: int
    state: str = ""


def daprd_of(target: Target) -> Daprd:
    """The daprd of the pod, which is among its containers or, as a native sidecar, among its init containers.

    Raises RunbookError where there is none.
    """
    spec = target.found["spec"]
    everyone = [*spec["containers"], *(spec.get("initContainers") or [])]
    found = next((one for one in everyone if one["name"] == DAPRD), None)
    if found is None:
        raise RunbookError(_lacking(target))
    words = [*(found.get("command") or []), *(found.get("args") or [])]
    return Daprd(target, _port(words, "dapr-http-port", HTTP_PORT), _port(words, "app-port", 0), not_running(target.found, DAPRD))


def _port(words: list[str], name: str, default: int) -> int:
    """The value of an argument, given as --name value or --name=value, with one dash or two."""
    for word, following in pairwise([*words, ""]):
        option, equals, value = word.lstrip("-").partition("=")
        value = value if equals else following
        if word.startswith("-") and option == name and value.isdigit():
            return int(value)
    return default


def _lacking(target: Target) -> str:
    where = f"Dapr: {target.where} has no container {DAPRD}"
    enabled = (target.found["metadata"].get("annotations") or {}).get(ENABLED, "")
    if enabled.lower() in ("true", "1", "yes", "y", "on"):
        return (
            f"{where}, though it is annotated with {ENABLED}: Dapr's sidecar injector did not serve when the pod was made. "
            "See with runbook.minikube.dapr_info that it serves now, then restart the workload."
        )
    return f"{where}. Name workloads with Dapr only, or annotate its pod template with {ENABLED} and dapr.io/app-id."
