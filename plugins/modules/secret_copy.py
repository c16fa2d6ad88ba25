#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_copy
short_description: Copies a value to keys of Secrets, and says which workloads must restart
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Copies the value of one place to keys of Secrets. The value never leaves the module.
  - All refusals are found before the first write. A Secret that is immutable, has an owner, or is managed by something else
    (Helm, External Secrets, Argo CD, Flux, cert-manager) is refused where it would have to change, and named with the reason.
  - A write is refused by the API where somebody else wrote meanwhile. The module then reads again.
  - It asks the running containers that read the destinations what they have, and so names exactly the workloads that must restart,
    also those that a run which was cut off has left behind. It restarts nothing.
  - The user needs C(get) (or C(list)), C(patch) and with O(create) C(create) on C(secrets). With O(readers) also C(list) on C(pods),
    and C(get) and C(create) on C(pods/exec).
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
options:
  namespace:
    description: Namespace of all places that name none.
    type: str
    default: default
  source:
    description:
      - Where the right value stands. Exactly one of O(source.secret), O(source.config_map), O(source.workload), O(source.file)
        and O(source.value).
      - Where several containers of a workload are asked, all must have the same value.
    type: dict
    required: true
    suboptions:
      secret:
        description: Name of a Secret. Needs O(source.key).
        type: str
      config_map:
        description: Name of a ConfigMap. Needs O(source.key).
        type: str
      key:
        description: The key in the Secret or ConfigMap.
        type: str
      readers:
        description: Requires that every running container that reads this key has the same value.
        type: bool
        default: false
      workload:
        description: Kind and name of a Deployment, StatefulSet or DaemonSet whose running containers have the value. Needs O(source.env).
        type: str
      container:
        description: The container of the workload. By default those that have the variable.
        type: str
      env:
        description: The environment variable of the workload.
        type: str
      file:
        description: Path of a file on the host where the module runs. Its whole content counts, a newline at its end too.
        type: path
      value:
        description: The value itself. It is never shown.
        type: str
      namespace:
        description: Namespace of the source.
        type: str
  destinations:
    description: The keys that get the value. Other keys of these Secrets stay as they are.
    type: list
    elements: dict
    required: true
    suboptions:
      secret:
        description: Name of the Secret.
        type: str
        required: true
      key:
        description: The key.
        type: str
        required: true
      namespace:
        description: Namespace of the Secret.
        type: str
  create:
    description: Whether to make Secrets that are not there. Otherwise a missing one is an error.
    type: bool
    default: false
  readers:
    description: Whether to ask the running containers that read the destinations what they have.
    type: bool
    default: true
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
  diff_mode:
    description: Reports which keys change, with placeholders in place of values.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
seealso:
  - module: runbook.minikube.secret_compare
  - module: runbook.minikube.app_secrets
  - module: runbook.minikube.rollout
"""

EXAMPLES = r"""
- name: Give the backend the secret of the frontend
  runbook.minikube.secret_copy:
    context: runbook
    source: {secret: frontend-secrets, key: better-auth-secret}
    destinations:
      - {secret: backend-api-secrets, key: better-auth-secret}
  register: copied

- name: Restart what still runs with the former value
  runbook.minikube.rollout:
    context: runbook
    workloads:
      - kind: "{{ item.workload | split('/') | first }}"
        name: "{{ item.workload | split('/') | last }}"
    restart: always
  loop: "{{ copied.restart }}"

- name: Save the value with which the application runs, which its Secret has lost
  runbook.minikube.secret_copy:
    context: runbook
    namespace: todo
    source: {workload: Deployment/frontend, env: BETTER_AUTH_SECRET}
    destinations:
      - {secret: frontend-secrets, key: better-auth-secret}
"""

RETURN = r"""
destinations:
  description: What became of each key.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the Secret.
      type: str
      returned: always
      sample: default
    secret:
      description: Name of the Secret.
      type: str
      returned: always
      sample: backend-api-secrets
    key:
      description: The key.
      type: str
      returned: always
      sample: better-auth-secret
    action:
      description: V(added), V(updated) or V(kept).
      type: str
      returned: always
      sample: updated
restart:
  description: Workloads with a container that runs with another value than the one copied, and gets it only by a restart.
  returned: success
  type: list
  elements: dict
  sample:
    - namespace: default
      workload: Deployment/backend-api
readers:
  description: The running containers that read the destinations.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the pod.
      type: str
      returned: always
      sample: default
    workload:
      description: Kind and name of what the pod belongs to.
      type: str
      returned: always
      sample: Deployment/backend-api
    pod:
      description: Name of the pod.
      type: str
      returned: always
      sample: backend-api-7c9d8b5f4-k2x9z
    container:
      description: Name of the container.
      type: str
      returned: always
      sample: backend-api
    how:
      description: V(environment) or V(file).
      type: str
      returned: always
      sample: environment
    where:
      description: Name of the variable, or path of the file.
      type: str
      returned: always
      sample: BETTER_AUTH_SECRET
    state:
      description: V(current), V(stale) (needs a restart), V(follows) (a mounted file that is brought up to date by itself) or V(unknown).
      type: str
      returned: always
      sample: stale
    reason:
      description: Why, unless it is current.
      type: str
      returned: always
      sample: it runs with what it started with
refusals:
  description: Why nothing was changed, one sentence each.
  returned: when something was refused
  type: list
  elements: str
  sample:
    - "There is no Secret backend-api-secret in namespace default: correct the name, or set create: true to make it."
missing_permissions:
  description: What the user may not do and would have to.
  returned: when a permission is missing
  type: list
  elements: str
  sample:
    - patch secrets/backend-api-secrets
"""

from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.intake import PLACE, RULES, without_values
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.copy import copy_value

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "source": {"type": "dict", "required": True, "options": PLACE, **RULES},
    "destinations": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "secret": {"type": "str", "required": True, "no_log": False},
            "key": {"type": "str", "required": True, "no_log": False},
            "namespace": {"type": "str"},
        },
    },
    "create": {"type": "bool", "default": False},
    "readers": {"type": "bool", "default": True},
}


def main():
    module = RunbookModule(ARGUMENT_SPEC, shown={"source": without_values})
    with module.clear_failures():
        copied = copy_value(module.cluster, module.params, module.params["source"], module.hide, module.check_mode)
    module.exit_json(**copied.report(), diff=copied.diff())


if __name__ == "__main__":
    main()
