# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter duplicates_summary of the role idempotency."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.summary import duplicates_summary


class FilterModule:
    """The filter of this file."""

    def filters(self):
        """Ansible asks for the filters here."""
        return {"duplicates_summary": duplicates_summary}
