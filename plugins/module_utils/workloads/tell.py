# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells why a wait has failed, with the last lines of the logs that matter."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.explain import failure_message
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.logs import with_logs
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Cause
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.wait import Outcome


def told(cluster: Cluster, params: dict, outcome: Outcome) -> tuple[str, list[Cause]]:
    """The message, and the causes with their logs."""
    causes = with_logs(cluster, params["namespace"], outcome.verdict.causes, params["log_lines"])
    timeout = params["timeout"] if outcome.timed_out else None
    return failure_message(outcome.verdict, causes, params["namespace"], cluster.now(), timeout, outcome.outage), causes
