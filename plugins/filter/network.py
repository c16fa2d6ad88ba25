# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter runbook.minikube.workload_keys, which the role network and its playbook use."""

from __future__ import annotations

from collections.abc import Iterable


def workload_keys(workloads: Iterable[dict]) -> list[dict]:
    """Kind and name of each workload, without anything else that is known of it."""
    return [{"kind": workload["kind"], "name": workload["name"]} for workload in workloads]


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """The filters for Ansible."""
        return {"workload_keys": workload_keys}
