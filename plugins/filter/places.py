# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters runbook.minikube.locations and compare_summary of the playbook compare_secrets.yml."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.places import compare_lines, locations_of


def locations(places: str | list, check_consumers: bool | str = False) -> list[dict]:
    """See locations.yml. Raises AnsibleFilterError for a place of another form."""
    try:
        return locations_of(places, str(check_consumers).lower() in ("true", "yes", "1"))
    except RunbookError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """The filters for Ansible."""
        return {"locations": locations, "compare_summary": compare_lines}
