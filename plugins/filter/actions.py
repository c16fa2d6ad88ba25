# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters runbook.minikube.actions and deploy_summary: what a deploy reports."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.actions import DRY_RUN, STEPS, actions_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.actions import deploy_summary as summarize

DOCUMENTATION = r"""
name: actions
short_description: List the actions of a deploy
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Takes the results of a deploy's tasks and returns their actions in order, each with the kind and name of the object.
  - In check mode the list is the prediction, which equals that of the following run if nothing else changes in between.
options:
  _input:
    description:
      - Results by step. Steps are V(namespace) (M(kubernetes.core.k8s)), V(manifests) (M(runbook.minikube.manifests)),
        V(dapr) (M(kubernetes.core.helm)), V(images) (M(runbook.minikube.minikube_image)), V(secrets) (M(runbook.minikube.app_secrets)) and
        V(rollout) (M(runbook.minikube.rollout)).
      - V(dry_run) is the result of M(runbook.minikube.manifests_info) for the same objects. With it, a restart that a changed object causes
        anyway is not listed again, and if V(manifests) was skipped, its predicted actions are listed.
      - A step that was skipped or is missing has no actions.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Print the actions
  ansible.builtin.debug:
    msg: "{{ {'images': images_result, 'manifests': rollout_apply_result} | runbook.minikube.actions }}"
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
    """See DOCUMENTATION. Raises AnsibleFilterError for an unknown step."""
    unknown = sorted(set(results) - {*STEPS, DRY_RUN})
    if unknown:
        raise AnsibleFilterError(f"runbook.minikube.actions does not know the step {', '.join(unknown)}. Steps: {', '.join(STEPS)}.")
    return actions_of(results)


def deploy_summary(actions: list[dict], app: str, checks: list[dict], check_mode: bool = False, is_forwarded: bool = False) -> list[str]:
    """See deploy_summary.yml."""
    return summarize(actions, app, checks, check_mode, is_forwarded)


class FilterModule:
    """The filters of this file by name."""

    def filters(self):
        """The filters for Ansible."""
        return {"actions": actions, "deploy_summary": deploy_summary}
