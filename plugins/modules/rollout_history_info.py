#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_history_info
short_description: List the revisions of workloads
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Lists the revisions that the controllers of Deployments, StatefulSets and DaemonSets keep, as C(kubectl rollout history) does, and also the images
    and the time of each, who made it, and what it changed in the pod template. Values other than images are not returned, as they may be secrets.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.attributes.read_only
options:
  namespace:
    description: Namespace of the workloads.
    type: str
    default: default
  workloads:
    description: The workloads.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: Kind of the workload.
        type: str
        choices: [Deployment, StatefulSet, DaemonSet]
        required: true
      name:
        description: Name of the workload.
        type: str
        required: true
notes:
  - Needs C(list) on the kinds of O(workloads), on C(replicasets) for Deployments, and on C(controllerrevisions) for the other kinds.
seealso:
  - module: runbook.minikube.rollout
"""

EXAMPLES = r"""
- name: List the revisions of two workloads
  runbook.minikube.rollout_history_info:
    context: minikube
    workloads:
      - {kind: Deployment, name: frontend}
      - {kind: StatefulSet, name: postgres}
  register: history

- name: Print them, the newest first
  ansible.builtin.debug:
    msg: "{{ history.summary }}"

- name: Roll back to the oldest revision of the frontend
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - {kind: Deployment, name: frontend}
    state: rolled_back
    to_revision: "{{ history.workloads[0].revisions[0].revision }}"
"""

RETURN = r"""
workloads:
  description: The workloads.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the workload.
      type: str
      sample: Deployment
    name:
      description: Name of the workload.
      type: str
      sample: frontend
    revisions:
      description: Its revisions, the oldest first.
      type: list
      elements: dict
      contains:
        revision:
          description: Its number.
          type: int
          sample: 3
        current:
          description: Whether the workload is at this revision.
          type: bool
          sample: true
        created:
          description: When it was created. A rollback restores an earlier one.
          type: str
          sample: "2026-03-01T12:00:00Z"
        images:
          description: The image of each container.
          type: dict
          sample: {frontend: "frontend:sha-3f1c2a9b7d10"}
        change_cause:
          description: The change cause, empty if none was recorded.
          type: str
          sample: "deploy todo; set containers[frontend].image to frontend:sha-3f1c2a9b7d10 (by alice@laptop)"
        by:
          description: The user and host in the change cause. Without, for the current revision, the field manager that wrote the pod template last.
          type: str
          sample: alice@laptop
        changes:
          description: What changed since the one before it that is kept.
          type: list
          elements: str
          sample: ["set containers[frontend].image to frontend:sha-3f1c2a9b7d10"]
summary:
  description: A line for each workload and for each of its revisions, the newest first.
  returned: success
  type: list
  elements: str
  sample:
    - "Deployment frontend: 1 revision"
    - "  1 (current); 2026-03-01T12:00:00Z; frontend=frontend:sha-3f1c2a9b7d10; cause: deploy todo; by alice@laptop"
missing_permissions:
  description: The missing permissions.
  returned: when permissions are missing
  type: list
  elements: str
  sample:
    - list replicasets in namespace default
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.history import ARGUMENT_SPEC, HistoryOptions, observe, report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        result = report(observe(module.cluster, HistoryOptions.of(module.params)))
    module.exit_json(changed=False, **result)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
