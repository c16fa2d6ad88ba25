#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_copy
short_description: Copy a secret value to keys of Secrets, and report workloads that need a restart
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Copies the value of one location to keys of Secrets. The value never leaves the module.
  - All refusals are collected before the first write. A Secret that is immutable, has an owner, or is managed by another tool
    (Helm, External Secrets, Argo CD, Flux, cert-manager) is refused with the reason if it would have to change.
  - A concurrent write is detected by the API, and the module then reads again.
  - A value is overwritten only after it has been added to the Secret C(<name>-former), which no workload reads, under a key of its own.
    Values in it are never overwritten and do not expire. To restore one, copy it from there.
  - A Secret that was applied from a manifest with another value is written, with a warning, as the next apply would write that value back.
  - The value in the running containers that read the destinations is read too, so the module reports exactly the workloads that need a
    restart, including those that an interrupted run left behind. It restarts nothing.
  - The user needs C(get) (or C(list)) and C(patch) on C(secrets), C(get), C(patch) and C(create) for the former values, and C(create) with
    O(create). With O(check_consumers) also C(list) on C(pods), and C(get) and C(create) on C(pods/exec).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.attributes
  - runbook.minikube.locations.source
options:
  namespace:
    description: Namespace of all locations without one.
    type: str
    default: default
  source:
    description:
      - Where the correct value is. Exactly one of O(source.secret), O(source.config_map), O(source.workload), O(source.file)
        and O(source.value).
      - All containers of a workload that are read must have the same value.
    type: dict
    required: true
  destinations:
    description: The keys to write the value to. Other keys of these Secrets stay as they are.
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
    description: Whether to create missing Secrets. Otherwise a missing one is an error.
    type: bool
    default: false
  check_consumers:
    description: Whether to check the running containers that read the destinations.
    type: bool
    default: true
attributes:
  diff_mode:
    description: Reports which keys change, with placeholders instead of values.
seealso:
  - module: runbook.minikube.secret_compare
  - module: runbook.minikube.app_secrets
  - module: runbook.minikube.rollout
"""

EXAMPLES = r"""
- name: Copy the secret of the frontend to the backend
  runbook.minikube.secret_copy:
    context: runbook
    source: {secret: frontend-secrets, key: better-auth-secret}
    destinations:
      - {secret: backend-api-secrets, key: better-auth-secret}
  register: copied

- name: Restart the workloads that still have the previous value
  runbook.minikube.rollout:
    context: runbook
    workloads:
      - kind: "{{ item.workload | split('/') | first }}"
        name: "{{ item.workload | split('/') | last }}"
    restart: always
  loop: "{{ copied.restart_required }}"

- name: Restore a lost key of a Secret from the running containers
  runbook.minikube.secret_copy:
    context: runbook
    namespace: todo
    source: {workload: Deployment/frontend, env: BETTER_AUTH_SECRET}
    destinations:
      - {secret: frontend-secrets, key: better-auth-secret}

- name: Restore a value that was overwritten
  runbook.minikube.secret_copy:
    context: runbook
    source: {secret: backend-api-secrets-former, key: better-auth-secret.1}
    destinations:
      - {secret: backend-api-secrets, key: better-auth-secret}
"""

RETURN = r"""
destinations:
  description: The action for each key.
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
      description: V(added), V(updated) or V(unchanged).
      type: str
      returned: always
      sample: updated
former_values:
  description: Where the overwritten values are kept.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of both Secrets.
      type: str
      returned: always
      sample: default
    secret:
      description: Name of the Secret with the overwritten value.
      type: str
      returned: always
      sample: backend-api-secrets
    key:
      description: Its key.
      type: str
      returned: always
      sample: better-auth-secret
    former_secret:
      description: Name of the Secret that keeps the value.
      type: str
      returned: always
      sample: backend-api-secrets-former
    former_key:
      description: Its key there.
      type: str
      returned: always
      sample: better-auth-secret.1
restart_required:
  description:
    - Workloads with a container that has another value than the one copied, and gets it only by a restart.
    - A container that can't be read counts if it started before the value was written.
  returned: success
  type: list
  elements: dict
  sample:
    - namespace: default
      workload: Deployment/backend-api
consumers:
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
      description: Kind and name of the pod's workload.
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
    source_type:
      description: V(environment) or V(file).
      type: str
      returned: always
      sample: environment
    path:
      description: Name of the variable, or path of the file.
      type: str
      returned: always
      sample: BETTER_AUTH_SECRET
    state:
      description: V(current), V(stale) (needs a restart), V(syncing) (a mounted file that the kubelet updates) or V(unknown).
      type: str
      returned: always
      sample: stale
    reason:
      description: The reason, unless it is current.
      type: str
      returned: always
      sample: it still has the value that it was started with
refusals:
  description: Why nothing was changed, one sentence each.
  returned: when something was refused
  type: list
  elements: str
  sample:
    - "There is no Secret backend-api-secret in namespace default: correct the name, or set create: true to create it."
missing_permissions:
  description: The missing permissions.
  returned: when permissions are missing
  type: list
  elements: str
  sample:
    - patch secrets/backend-api-secrets
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.options import LOCATION, LOCATION_RULES, redact_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.copy import copy_value
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.options import CopyOptions

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "source": {"type": "dict", "required": True, "options": LOCATION, **LOCATION_RULES},
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
    "check_consumers": {"type": "bool", "default": True},
}

SETTINGS: dict = {"writes": True, "redact": {"source": redact_values}}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        result = copy_value(module.cluster, CopyOptions.of(module.params), module.hide, module.check_mode)
    for warning in result.warnings():
        module.warn(warning)
    module.exit_json(**result.report(), diff=result.diff())


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
