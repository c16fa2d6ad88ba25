# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter runbook.minikube.forwards, with which port_forward.yml finds the Services of an application."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.services import requests_of


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """The filters for Ansible."""
        return {"forwards": requests_of}
