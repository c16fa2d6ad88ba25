# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter runbook.minikube.actions."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.module_utils.app.actions import ASKED, STEPS, actions_of

DOCUMENTATION = r"""
name: actions
short_description: Tells as one list what a deploy did, or in check mode would do
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Takes the results of a deploy's tasks and returns their actions in order, with what was done, and the kind and name of what it was done to.
  - The list of a run in check mode equals that of the run that follows, if nothing else changes in between.
options:
  _input:
    description:
      - Results by step. Steps are V(namespace) (M(kubernetes.core.k8s)), V(manifests) (M(runbook.minikube.manifests)),
        V(dapr) (M(kubernetes.core.helm)), V(images) (M(runbook.minikube.minikube_image)), V(secrets) (M(runbook.minikube.app_secrets)) and
        V(rollout) (M(runbook.minikube.rollout)).
      - With V(asked), the result of M(runbook.minikube.manifests_info) for the same objects, a restart that an object brings about anyway is
        not told again, and where V(manifests) was skipped, what it would do is told.
      - A step that was skipped or left out has no actions.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say what was done
  ansible.builtin.debug:
    msg: "{{ {'images': images_result, 'manifests': rollout_applied} | runbook.minikube.actions }}"
"""

RETURN = r"""
_value:
  description: The actions, each with V(what), V(kind) and V(name).
  type: list
  elements: dict
  sample:
    - what: build
      kind: Image
      name: backend-api:3f1c9a0b7d22
    - what: change
      kind: Deployment
      name: backend-api
"""


def actions(results: dict) -> list[dict]:
    """See DOCUMENTATION. Raises AnsibleFilterError for a step that there is not."""
    unknown = sorted(set(results) - {*STEPS, ASKED})
    if unknown:
        raise AnsibleFilterError(f"runbook.minikube.actions knows no step {', '.join(unknown)}. There: {', '.join(STEPS)}.")
    return actions_of(results)


class FilterModule:
    """The filters of this file by name."""

    def filters(self):
        """Ansible asks for the filters here."""
        return {"actions": actions}
