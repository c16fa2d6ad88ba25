# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters runbook.minikube.rollback_candidates and revision_summary of the playbook rollback.yml."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.report import revision_line, rollback_candidates


def revision_summary(workloads: list[dict], selected: list[str]) -> list[str]:
    """A line for each workload: its state, whether it is selected, and its revisions."""
    return [revision_line(workload, workload["name"] in selected) for workload in workloads]


class FilterModule:
    """The filters of this file."""

    def filters(self):
        return {"rollback_candidates": rollback_candidates, "revision_summary": revision_summary}
