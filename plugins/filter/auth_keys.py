# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters auth_recovery_summary, auth_rotation_preview, signing_key_problem, with_versions_keys and workload_refs of the role auth_keys."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.options import with_versions_keys
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.summary import (
    recovery_summary,
    rotation_preview,
    signing_key_problem,
    workload_refs,
)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Ansible asks for the filters here."""
        return {
            "auth_recovery_summary": recovery_summary,
            "auth_rotation_preview": rotation_preview,
            "signing_key_problem": signing_key_problem,
            "with_versions_keys": with_versions_keys,
            "workload_refs": workload_refs,
        }
