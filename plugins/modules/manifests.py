#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests
short_description: Apply Kubernetes objects server-side
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Applies objects server-side, one after the other, as C(kubectl apply --server-side) does. M(runbook.minikube.manifests_info) predicts
    exactly what this module does, as both send the same request.
  - All characters are supported, including those above U+FFFF, for example emoji, which the server-side apply of
    M(kubernetes.core.k8s) cannot send.
  - The module fails at the first object that the API server refuses, and names the objects that were applied before it.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.attributes
  - runbook.minikube.manifests
attributes:
  check_mode:
    details: Sends a dry run to the API server.
  diff_mode:
    description: Reports what changes.
    support: partial
    details: The values of a Secret are hidden.
notes:
  - "Needs C(get) and C(patch) of every object, and C(create) of missing ones."
  - Warnings of the API server become warnings of the task.
  - No value of a Secret is in the result. With C(-vvv) short values are visible in the task's arguments, unless it has C(no_log).
seealso:
  - module: runbook.minikube.manifests_info
    description: Predicts the changes of all objects at once.
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
  description: The result for each object, in the order of O(objects). After a failure, the results of the objects before it, and the refused one.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(create), V(change) or V(unchanged). V(refused) for the last object after a failure.
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
      description: Whether the pod template of an existing workload changed, so that its pods are replaced.
      returned: always
      type: bool
      sample: false
    data_changed:
      description: Whether the data of an existing ConfigMap changes. Running containers keep the environment that they read from it.
      returned: always
      type: bool
      sample: false
    msg:
      description: Why the object was refused.
      returned: when it was refused
      type: str
      sample: 'Service "bad" is invalid: spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive'
    reason:
      description: The API server's code for it, empty if it has none.
      returned: when it was refused
      type: str
      sample: Invalid
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.apply import apply, secret_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.options import ARGUMENT_SPEC, ManifestsOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.report import apply_report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {"writes": True}


def run(module):
    """Ends by exit_json or fail_json."""
    options = ManifestsOptions.of(module.params)
    module.hide(secret_values(options.objects))
    with module.clear_failures():
        runs = apply(module.cluster, options, check=module.check_mode, warn=module.warn)
    module.exit_json(**apply_report(runs))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
