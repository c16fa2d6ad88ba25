#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: app_secrets
short_description: Create and update the Secrets of an application
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Creates Secrets whose values are generated, given, derived from other keys or copied from them, and leaves existing generated values
    alone.
  - A value is generated once and then only read. A missing generated value is restored from its copies, if there are any.
  - No value leaves the module. The result, the diff and every error contain only names of Secrets and keys.
  - The keys that a template or a copy refers to are written before it, so an interrupted run is completed by the next one.
    Two concurrent runs agree on the values of the one that wrote first.
  - All refusals are collected before the first write. If anything is refused, nothing is changed.
  - A value is overwritten only after it has been added to the Secret C(<name>-former), which no workload reads, under a key of its own.
    Values in it are never overwritten and do not expire. M(runbook.minikube.secret_copy) restores one.
  - While a value with C(rotated_by) is rotated, its copies keep their values, with a warning, as the rotation writes them.
  - A Secret that was applied from a manifest with another value is written, with a warning, as the next apply would write that value back.
  - The user needs the verbs C(list) (or C(get)), C(create) and C(patch) on C(secrets) in the namespace, and C(get) for the former values.
    Missing permissions are reported before the first write.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.attributes
  - runbook.minikube.secrets
options:
  namespace:
    description: Namespace of the Secrets. It must exist.
    type: str
    default: default
  secrets:
    description:
      - The Secrets. Keys of an existing Secret that are not listed here stay as they are.
      - Given values are never printed, at any verbosity.
    required: true
  labels:
    description:
      - Labels of Secrets that this module creates, in addition to C(app.kubernetes.io/managed-by=runbook.minikube).
      - Existing Secrets keep their labels.
    type: dict
    default: {}
notes:
  - A Secret that is immutable, has an owner, or is managed by another tool (the label C(app.kubernetes.io/managed-by), as Helm sets it)
    is refused if it would have to change, and only read otherwise.
  - Running containers keep the environment that they were started with. RV(changed_secrets) lists the Secrets whose consumers need a restart.
  - Ansible copies a module's arguments to a temporary file that only the user can read, and removes it.
    Set the variable C(ansible_pipelining) to V(true) for the task to keep given values out of files.
attributes:
  diff_mode:
    description: Reports which keys change, with placeholders instead of values.
seealso:
  - plugin: runbook.minikube.app
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Generate the database's password once, and the URL that contains it
  runbook.minikube.app_secrets:
    context: runbook
    secrets:
      - name: postgres
        data:
          password: {generate: 32}
      - name: backend-api-secrets
        data:
          database-url: {template: "postgresql://todo:{postgres/password}@postgres:5432/todo"}

- name: Share one secret between two workloads, changed only by its own playbook
  runbook.minikube.app_secrets:
    context: runbook
    namespace: todo
    secrets:
      - name: frontend-secrets
        data:
          better-auth-secret: {generate: 32, rotated_by: rotate_secret.yml}
      - name: backend-api-secrets
        data:
          better-auth-secret: {copy: frontend-secrets/better-auth-secret}
    labels:
      app.kubernetes.io/part-of: todo
  register: secrets

- name: List the changed Secrets
  ansible.builtin.debug:
    msg: "{{ secrets.changed_secrets | map(attribute='name') }}"

- name: Give a value
  runbook.minikube.app_secrets:
    context: runbook
    secrets:
      - name: model
        data:
          api-key: {value: "{{ lookup('ansible.builtin.env', 'OPENAI_API_KEY') }}"}
"""

RETURN = r"""
secrets:
  description: The action for each Secret and for each of its listed keys. No value, and no length of one.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the Secret.
      type: str
      returned: always
      sample: backend-api-secrets
    action:
      description: V(created), V(updated) or V(unchanged).
      type: str
      returned: always
      sample: created
    data:
      description: Each key with V(added), V(updated), V(restored) (it was missing and was restored from its copy) or V(unchanged).
      type: dict
      returned: always
      sample:
        database-url: added
changed_secrets:
  description: Secrets in which an existing value was replaced, with these keys.
  returned: success
  type: list
  elements: dict
  sample:
    - name: backend-api-secrets
      data:
        - database-url
former_values:
  description: Where the overwritten values are kept.
  returned: success
  type: list
  elements: dict
  contains:
    secret:
      description: Name of the Secret with the overwritten value.
      type: str
      returned: always
      sample: backend-api-secrets
    key:
      description: Its key.
      type: str
      returned: always
      sample: database-url
    former_secret:
      description: Name of the Secret that keeps the value.
      type: str
      returned: always
      sample: backend-api-secrets-former
    former_key:
      description: Its key there.
      type: str
      returned: always
      sample: database-url.1
refusals:
  description: Why nothing was changed, one sentence for each key or Secret.
  returned: when something was refused
  type: list
  elements: str
  sample:
    - "The value of frontend-secrets/better-auth-secret in the cluster differs from the given one. …"
missing_permissions:
  description: The missing permissions.
  returned: when permissions are missing
  type: list
  elements: str
  sample:
    - create secrets
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.apply import ensure, hidden_generator
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.options import SECRETS, SecretsOptions, redact_secrets

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "secrets": {**SECRETS, "required": True},
    "labels": {"type": "dict", "default": {}},
}

SETTINGS: dict = {"writes": True, "redact": {"secrets": redact_secrets}}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = SecretsOptions.of(module.params)
        result = ensure(module.cluster, options, hidden_generator(module.hide), module.check_mode)
    for warning in dict.fromkeys(result.warnings):
        module.warn(warning)
    module.exit_json(**result.report(), diff=result.diff())


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
