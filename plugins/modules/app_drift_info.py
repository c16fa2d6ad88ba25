#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: app_drift_info
short_description: Report drift between an application's description and its cluster
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Observes all components in parallel (images in the node, Secrets, manifests, workloads, health URLs and others), and lists each difference.
    Changes nothing.
  - A difference is whatever the component's own module would change. Manifests are compared by a dry run of a server-side apply.
    So RV(in_sync) means that a whole deployment would change nothing.
  - A component that cannot be observed, because the cluster does not answer or a permission is missing, is a difference with the reason.
  - Needs the verbs C(get) and C(patch) on the kinds of O(objects), C(list) on C(nodes), C(services) and C(secrets), and the read permissions
    of M(runbook.minikube.rollout).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.target
  - runbook.minikube.secrets
  - runbook.minikube.attributes.read_only
options:
  context:
    description: Name of the kubeconfig context. The current context is never used as a default.
    type: str
    required: true
  namespace:
    description: Namespace of the application.
    type: str
    default: default
  node_address:
    description: The expected address of a node, which health URLs use.
    type: str
    default: ""
  images:
    description: The options of M(runbook.minikube.minikube_image) for the application's images.
    type: dict
    default: {}
  secrets:
    description: The Secrets, as M(runbook.minikube.app_secrets) takes them. Given values are never printed.
    default: []
  objects:
    description:
      - The manifests. A container whose image is the name of one of O(images) is expected to have that image's reference.
      - Namespaced objects need their namespace.
    type: list
    elements: dict
    default: []
  field_manager:
    description: The field manager under which the manifests are applied.
    type: str
    default: runbook-deploy
  force_conflicts:
    description: Whether the apply would take over fields of other managers. Otherwise such a conflict is a difference.
    type: bool
    default: false
  rollouts:
    description: Groups of workloads that are expected to be complete, each as options of M(runbook.minikube.rollout).
    type: list
    elements: dict
    default: []
  releases:
    description: Helm releases that are expected to be installed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the release.
        type: str
        required: true
      namespace:
        description: Its namespace.
        type: str
        required: true
      values:
        description: All values of the release.
        type: dict
        default: {}
  checks:
    description: Health URLs, as M(runbook.minikube.http_health_info) takes them. Each is checked once.
    type: list
    elements: dict
    default: []
requirements:
  - docker >= 7.1.0, for O(images)
seealso:
  - module: runbook.minikube.minikube_image
  - module: runbook.minikube.app_secrets
  - module: runbook.minikube.rollout
  - module: runbook.minikube.http_health_info
"""

EXAMPLES = r"""
- name: Compare the backend with its manifest
  runbook.minikube.app_drift_info:
    context: minikube
    objects: "{{ query('ansible.builtin.file', 'backend.yml') | map('from_yaml') }}"
    rollouts:
      - workloads:
          - {kind: Deployment, name: backend-api}
  register: backend

- name: Print the differences
  ansible.builtin.debug:
    msg: "{{ item.component }} {{ item.name }}: {{ item.message }}"
  loop: "{{ backend.drift }}"
"""

RETURN = r"""
in_sync:
  description: Whether the application matches its description.
  returned: success
  type: bool
  sample: false
msg:
  description: The differences, one per line.
  returned: success
  type: str
  sample: "object Deployment backend-api: differs in spec.template.spec.containers[0].image"
drift:
  description: The differences. They contain no values.
  returned: success
  type: list
  elements: dict
  contains:
    component:
      description: V(cluster), V(release), V(base_image), V(image), V(secret), V(object), V(workload) or V(health).
      type: str
      returned: always
      sample: object
    name:
      description: What the difference is about, empty for the whole component.
      type: str
      returned: always
      sample: Deployment backend-api
    message:
      description: The difference, or why it could not be determined.
      type: str
      returned: always
      sample: differs in spec.template.spec.containers[0].image
checks:
  description: The results of the health URLs, as M(runbook.minikube.http_health_info) returns them. Empty if they could not be checked.
  returned: success
  type: list
  elements: dict
  sample:
    - name: frontend
      url: http://192.168.49.2:30300/api/health
      healthy: true
      problem: ""
      attempts: 1
      seconds: 0.01
"""

import os

from ansible_collections.runbook.minikube.plugins.module_utils._internal.drift.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.drift.options import ARGUMENT_SPEC, DriftOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.libraries import CLUSTER, ENGINE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.apply import hidden_generator
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.options import redact_secrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.observe import resolve_target
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.options import TargetOptions


def libraries(params):
    """Images need the Docker SDK too."""
    return [*CLUSTER, *(ENGINE if params["images"] else ())]


SETTINGS: dict = {"redact": {"secrets": redact_secrets}, "libraries": libraries}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = DriftOptions.of(module.params)
        resolve_target(TargetOptions.of(module.params), os.environ)
        result = observe(options, lambda: module.cluster, module.run_command, hidden_generator(module.hide))
    module.exit_json(changed=False, **result.report())


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
