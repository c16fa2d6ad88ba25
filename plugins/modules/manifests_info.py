#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests_info
short_description: Says which objects a server-side apply would make or change
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Asks the API server for a dry run of a server-side apply of every object, several at a time, and compares the answers with what is stored.
    So the API server itself says what would change, with its defaults, its admission and the other field managers, and nothing is stored.
  - Where nothing would change, this takes a fraction of the time of an apply. M(runbook.minikube.manifests) then need not be called at all, or
    only with RV(pending).
options:
  objects:
    description:
      - The objects, as M(runbook.minikube.manifests) takes them, each with its namespace.
    type: list
    elements: dict
    required: true
  field_manager:
    description:
      - The field manager that the apply would have.
    type: str
    required: true
  force_conflicts:
    description:
      - Whether the apply would take over fields that another manager owns.
    type: bool
    default: false
  parallel:
    description:
      - How many objects are asked for at once.
    type: int
    default: 8
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - runbook.minikube.read_only
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
notes:
  - "Needs C(get) and C(patch) of every object, as the apply itself, and C(create) of those that are not there."
  - What the API server refuses counts as pending, so that the apply says it in its own words.
  - In a namespace that is not there it could not be asked. The objects count as ones to be made, and RV(missing_namespaces) names it.
seealso:
  - module: runbook.minikube.manifests
    description: Applies them.
"""

EXAMPLES = r"""
- name: See what would change
  runbook.minikube.manifests_info:
    context: minikube
    objects: "{{ lookup('ansible.builtin.file', 'app.yml') | from_yaml_all | list }}"
    field_manager: runbook-deploy
  register: manifests

- name: Apply only that
  runbook.minikube.manifests:
    context: minikube
    objects: "{{ manifests.pending }}"
    field_manager: runbook-deploy
  when: manifests.pending | length > 0
"""

RETURN = r"""
objects:
  description: What would become of each object, in the order of O(objects).
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: V(create), V(change), V(keep) or V(refused).
      returned: always
      type: str
      sample: change
    kind:
      description: Its kind.
      returned: always
      type: str
      sample: Deployment
    name:
      description: Its name.
      returned: always
      type: str
      sample: frontend
    namespace:
      description: Its namespace, V(null) for an object that has none.
      returned: always
      type: str
      sample: default
    rolls:
      description: Whether it is a workload that is there already, and its pods would be replaced, as its pod template would change.
      returned: always
      type: bool
      sample: false
    msg:
      description: Why it is refused, in the API server's words.
      returned: for a refused object
      type: str
      sample: 'Apply failed with 1 conflict: conflict with "kubectl-set": .spec.replicas'
    reason:
      description: Why it is refused, as one word of the API server.
      returned: for a refused object
      type: str
      sample: Conflict
pending:
  description: The objects of O(objects) that are not known to stay as they are.
  returned: success
  type: list
  elements: dict
  sample: []
missing_namespaces:
  description: The namespaces of O(objects) that have to be made before them.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.runbook.minikube.plugins.module_utils.manifests.compare import report
from ansible_collections.runbook.minikube.plugins.module_utils.manifests.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

ARGUMENT_SPEC = {
    "objects": {"type": "list", "elements": "dict", "required": True},
    "field_manager": {"type": "str", "required": True},
    "force_conflicts": {"type": "bool", "default": False},
    "parallel": {"type": "int", "default": 8},
}

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    params = module.params
    with module.clear_failures():
        trials = observe(module.cluster, params["objects"], params["field_manager"], params["force_conflicts"], params["parallel"])
    module.exit_json(changed=False, **report(trials))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
