#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests
short_description: Applies objects server-side
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Applies objects server-side, one after the other, as C(kubectl apply --server-side) does. M(runbook.minikube.manifests_info) predicts exactly
    what this module does, as both send the same request.
  - It sends every character as the API server reads it, also those above U+FFFF, for example emoji. The server-side apply of
    M(kubernetes.core.k8s) can't send these.
  - It ends at the first object that the API server refuses, and names what was applied before it.
options:
  objects:
    description:
      - The objects in the order in which they are applied, each with its namespace.
    type: list
    elements: dict
    required: true
  field_manager:
    description:
      - The field manager that owns what is applied.
    type: str
    required: true
  force_conflicts:
    description:
      - Whether fields that another manager owns are taken over. Otherwise they are refused.
    type: bool
    default: false
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
    details: The API server is asked for a dry run.
  diff_mode:
    description: Reports what changes.
    support: partial
    details: The values of a Secret are not shown.
  idempotent:
    description: A second run changes nothing.
    support: full
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
notes:
  - "Needs C(get) and C(patch) of every object, and C(create) of those that are not there."
  - Warnings of the API server become warnings of the task.
  - No value of a Secret is in the result. Where a task's arguments are shown (C(-vvv)), short ones are, unless it has C(no_log).
seealso:
  - module: runbook.minikube.manifests_info
    description: Says for all objects at once which of them would change.
"""

EXAMPLES = r"""
- name: Apply the objects of a file
  runbook.minikube.manifests:
    context: minikube
    objects: "{{ lookup('ansible.builtin.file', 'app.yml') | from_yaml_all | list }}"
    field_manager: runbook-deploy

- name: Take over fields that another field manager owns
  runbook.minikube.manifests:
    context: minikube
    objects:
      - apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          namespace: default
        data:
          greeting: Hello
    field_manager: runbook-deploy
    force_conflicts: true
"""

RETURN = r"""
objects:
  description: What became of each object, in the order of O(objects). After a failure, of those before it.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(create), V(change) or V(keep).
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
      description: Whether it is a workload that was there already, and its pods are replaced, as its pod template changed.
      returned: always
      type: bool
      sample: false
"""

from ansible_collections.runbook.minikube.plugins.module_utils.manifests.apply import apply, secret_values
from ansible_collections.runbook.minikube.plugins.module_utils.manifests.compare import applied
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

ARGUMENT_SPEC = {
    "objects": {"type": "list", "elements": "dict", "required": True},
    "field_manager": {"type": "str", "required": True},
    "force_conflicts": {"type": "bool", "default": False},
}

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    params = module.params
    module.hide(secret_values(params["objects"]))
    with module.clear_failures():
        trials = apply(
            module.cluster, params["objects"], params["field_manager"], params["force_conflicts"],
            dry_run=module.check_mode, warn=module.warn,
        )  # fmt: skip
    module.exit_json(**applied(trials))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
