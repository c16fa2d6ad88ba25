#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests_info
short_description: Predict which objects a server-side apply would create or change
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Sends dry runs of a server-side apply of all objects to the API server, several in parallel, and compares the answers with the stored
    objects. So the prediction includes the API server's defaults, admission and other field managers. Nothing is stored.
  - If nothing would change, this takes a fraction of the time of an apply. M(runbook.minikube.manifests) can then be skipped, or called with
    RV(pending) only.
options:
  parallel:
    description:
      - Number of dry runs to send at the same time.
    type: int
    default: 8
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.manifests
  - runbook.minikube.attributes.read_only
notes:
  - "Needs C(get) and C(patch) of every object, as the apply itself, and C(create) of missing ones."
  - An object that the API server refuses counts as pending, so that the apply fails with the API server's message.
  - Objects in a missing namespace are reported as V(create), and the namespace is in RV(missing_namespaces).
seealso:
  - module: runbook.minikube.manifests
    description: Applies the objects.
"""

EXAMPLES = r"""
- name: Predict the changes
  runbook.minikube.manifests_info:
    context: minikube
    objects: "{{ lookup('ansible.builtin.file', 'app.yml') | from_yaml_all | list }}"
    field_manager: runbook-deploy
  register: manifests

- name: Apply only the pending objects
  runbook.minikube.manifests:
    context: minikube
    objects: "{{ manifests.pending }}"
    field_manager: runbook-deploy
  when: manifests.pending | length > 0
"""

RETURN = r"""
objects:
  description: The prediction for each object, in the order of O(objects).
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: V(create), V(change), V(unchanged) or V(refused).
      returned: always
      type: str
      sample: change
    kind:
      description: Kind of the object.
      returned: always
      type: str
      sample: Deployment
    name:
      description: Name of the object.
      returned: always
      type: str
      sample: frontend
    namespace:
      description: Namespace of the object, V(null) for a cluster-scoped one.
      returned: always
      type: str
      sample: default
    rolling_update:
      description: Whether the pod template of an existing workload would change, so that its pods would be replaced.
      returned: always
      type: bool
      sample: false
    data_changed:
      description: Whether the data of an existing ConfigMap would change. Running containers keep the environment that they read from it.
      returned: always
      type: bool
      sample: false
    msg:
      description: The API server's message for the refusal.
      returned: for a refused object
      type: str
      sample: 'Apply failed with 1 conflict: conflict with "kubectl-set": .spec.replicas'
    reason:
      description: The API server's reason code for the refusal, or V(Deleting) for an object that is being deleted.
      returned: for a refused object
      type: str
      sample: Conflict
pending:
  description: The objects of O(objects) that are not certain to stay unchanged.
  returned: success
  type: list
  elements: dict
  sample: []
missing_namespaces:
  description: The namespaces of O(objects) that have to be created first.
  returned: success
  type: list
  elements: str
  sample: []
missing_kinds:
  description:
    - The kinds of O(objects) whose custom resource definition is in O(objects) too and has to be created first. The API server can't check
      their objects before.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.options import ARGUMENT_SPEC as COMMON
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.options import ManifestsOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.report import dry_run_report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

ARGUMENT_SPEC = {**COMMON, "parallel": {"type": "int", "default": 8}}

SETTINGS: dict = {"data": ("pending",)}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        runs = observe(module.cluster, ManifestsOptions.of(module.params))
    module.exit_json(changed=False, **dry_run_report(runs))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
