# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter runbook.minikube.origin_problems, with which deploy.yml checks the address before anything is deployed."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.address import origin_problems


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """The filters for Ansible."""
        return {"origin_problems": origin_problems}
