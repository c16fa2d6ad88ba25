# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter runbook.minikube.dapr_recovery_summary, which the role dapr prints."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.report import recovery_summary


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """The filters for Ansible."""
        return {"dapr_recovery_summary": recovery_summary}
