# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The daprd beside an application's container, from its pod. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RunbookError
from ..workloads.daprd import DAPR_ENABLED, DAPRD, dapr_enabled, daprd_of, port_of
from .model import ProbeTarget
from .targets import not_running_reason

HTTP_PORT = 3500  # daprd's own default


@dataclass(frozen=True)
class Daprd:
    """The ports in its arguments, and why its container is not running, "" if it is. ``app_port`` is 0 if it has none."""

    target: ProbeTarget
    http_port: int
    app_port: int
    not_running: str


def daprd_beside(target: ProbeTarget) -> Daprd:
    """The daprd of the pod, which is among its containers or, as a native sidecar, among its init containers.

    Raises RunbookError if there is none.
    """
    daprd = daprd_of(target.pod_object)
    if daprd is None:
        raise RunbookError(_missing_sidecar(target))
    spec = daprd[0]
    not_running = not_running_reason(target.pod_object, DAPRD)
    return Daprd(target, port_of(spec, "dapr-http-port", HTTP_PORT), port_of(spec, "app-port", 0), not_running)


def _missing_sidecar(target: ProbeTarget) -> str:
    where = f"Dapr: {target.description} has no container {DAPRD}"
    if dapr_enabled(target.pod_object):
        return (
            f"{where}, although it is annotated with {DAPR_ENABLED}: Dapr's sidecar injector was not ready when the pod was created. "
            "Check with runbook.minikube.dapr_info that it is ready now, then restart the workload."
        )
    return f"{where}. Name only workloads with Dapr, or annotate its pod template with {DAPR_ENABLED} and dapr.io/app-id."
