# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter runbook.minikube.sidecar_summary of the playbook dapr.yml."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.sidecar_lines import sidecar_lines


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """The filters for Ansible."""
        return {"sidecar_summary": sidecar_lines}
