# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options by which a module knows for whom it writes, and that it still may."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules which change something share."""

    DOCUMENTATION = r"""
options:
  lease:
    description:
      - The Lease that the play holds, in the cluster of this task, as the module M(runbook.minikube.lease) returns it. An empty value is none.
      - Before its first write the module renews it, and before each later write it reads it again if the last look is older than 10 seconds.
        It writes nothing, and fails, if another run holds the Lease, or nobody. Reading never waits for it.
      - Usually set once for a play, in C(module_defaults) for the group C(runbook.minikube.writing).
    type: dict
    suboptions:
      name:
        description: Name of the Lease. Without it there is none.
        type: str
      namespace:
        description: Namespace of the Lease.
        type: str
        default: default
  holder:
    description:
      - The run of Ansible that the module writes for. Added on the controller; not meant to be set.
      - If its process ends, as when it is killed, the module writes nothing more, and fails. On another host that can't be seen.
    type: dict
"""
    HOLDER = r"""
options:
  holder:
    description:
      - The run of Ansible that the module writes for. Added on the controller; not meant to be set.
      - If its process ends, as when it is killed, the module writes nothing more, and fails. On another host that can't be seen.
    type: dict
"""
