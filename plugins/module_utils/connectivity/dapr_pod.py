# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pod says of its daprd. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import Target
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.workloads import not_running
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.daprd import DAPR_ENABLED, DAPRD, asks_for_dapr, daprd_of, port_of

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


def daprd_beside(target: Target) -> Daprd:
    """The daprd of the pod, which is among its containers or, as a native sidecar, among its init containers.

    Raises RunbookError where there is none.
    """
    found = daprd_of(target.found)
    if found is None:
        raise RunbookError(_lacking(target))
    spec = found[0]
    return Daprd(target, port_of(spec, "dapr-http-port", HTTP_PORT), port_of(spec, "app-port", 0), not_running(target.found, DAPRD))


def _lacking(target: Target) -> str:
    where = f"Dapr: {target.where} has no container {DAPRD}"
    if asks_for_dapr(target.found):
        return (
            f"{where}, though it is annotated with {DAPR_ENABLED}: Dapr's sidecar injector did not serve when the pod was made. "
            "See with runbook.minikube.dapr_info that it serves now, then restart the workload."
        )
    return f"{where}. Name workloads with Dapr only, or annotate its pod template with {DAPR_ENABLED} and dapr.io/app-id."
