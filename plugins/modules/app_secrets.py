#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: app_secrets
short_description: Makes the Secrets that an application needs, once
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Makes Secrets whose values are generated, given, made from other keys or copied from them, and leaves alone what is there already.
  - A generated value is made once and then only read. A value that is missing while copies of it are there comes back from the copies.
  - No value leaves the module. The result, the diff and every error hold names of Secrets and keys only.
  - What a template or a copy needs is in the cluster before it is used, so a run that was cut off is completed by the next one.
    Two runs at once agree on the values of the one that wrote first.
  - All refusals are found before the first write. Where anything is refused, nothing is changed.
  - The user needs the verbs C(list) (or C(get)), C(create) and C(patch) on C(secrets) in the namespace.
    They are asked for first, and only where needed.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
options:
  namespace:
    description: Namespace of the Secrets. It must exist.
    type: str
    default: default
  secrets:
    description:
      - The Secrets. Keys that are in an existing Secret and not named here stay as they are.
      - Given values are never shown, whatever the verbosity.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the Secret.
        type: str
        required: true
      data:
        description:
          - Where the value of each key comes from. Each key has exactly one of V(generate), V(value), V(template) and V(copy).
          - V(generate) is a number of characters, at least 16. Letters and digits are made once. A key that exists is kept,
            whatever its length.
          - V(value) is the value itself.
          - V(template) is text in which C({secret/key}) stands for the value of another key of this list,
            and C({secret/key|url}) for the same with percent-encoding.
          - V(copy) is C(secret/key), another key of this list.
          - V(rotated_by) may stand beside them and names a playbook. A value that is in the cluster is then never changed here.
            A given value that differs is refused with a message that names the playbook.
        type: dict
        required: true
  labels:
    description:
      - Labels of Secrets that this module makes, beside C(app.kubernetes.io/managed-by=runbook.minikube).
      - Existing Secrets keep the labels that they have.
    type: dict
    default: {}
notes:
  - A Secret that is immutable, has an owner, or is managed by something else (the label C(app.kubernetes.io/managed-by), as Helm sets it)
    is refused where it would have to change, and read where it would not.
  - Running pods keep the values that they started with. RV(changed_secrets) says which workloads need a restart.
  - Ansible copies a module's arguments to a temporary file that only the user can read, and removes it.
    Set the variable C(ansible_pipelining) to V(true) for the task to keep given values out of files altogether.
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
  - plugin: runbook.minikube.app
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Make the database's password once, and the URL that holds it
  runbook.minikube.app_secrets:
    context: runbook
    secrets:
      - name: postgres
        data:
          password: {generate: 32}
      - name: backend-api-secrets
        data:
          database-url: {template: "postgresql://todo:{postgres/password}@postgres:5432/todo"}

- name: One secret for two workloads that is only changed by its own playbook
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
  register: made

- name: Restart what reads a changed Secret
  ansible.builtin.debug:
    msg: "{{ made.changed_secrets | map(attribute='name') }}"

- name: Give a value of one's own
  runbook.minikube.app_secrets:
    context: runbook
    secrets:
      - name: model
        data:
          api-key: {value: "{{ lookup('ansible.builtin.env', 'OPENAI_API_KEY') }}"}
"""

RETURN = r"""
secrets:
  description: What became of each Secret and of each of its named keys. No value, and no length of one.
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
      description: Each key with V(added), V(updated), V(restored) (it was missing and came back from a copy of it) or V(kept).
      type: dict
      returned: always
      sample:
        database-url: added
changed_secrets:
  description: Secrets in which a value that workloads may have read was replaced, with these keys.
  returned: success
  type: list
  elements: dict
  sample:
    - name: backend-api-secrets
      data:
        - database-url
refusals:
  description: Why nothing was changed, one sentence for each key or Secret.
  returned: when something was refused
  type: list
  elements: str
  sample:
    - "frontend-secrets/better-auth-secret stands in the cluster with another value than the one given. …"
missing_permissions:
  description: What the user may not do and would have to.
  returned: when a permission is missing
  type: list
  elements: str
  sample:
    - create secrets
"""

from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.apply import ensure
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.intake import Intake, without_values
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.options import SECRETS

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "secrets": {**SECRETS, "required": True},
    "labels": {"type": "dict", "default": {}},
}

SETTINGS: dict = {"shown": {"secrets": without_values}}


def run(module):
    """Ends by exit_json or fail_json."""
    intake = Intake(module)
    with module.clear_failures():
        sources = intake.sources()
        outcome = ensure(module.cluster, module.params["namespace"], sources, module.params["labels"], intake.generate, module.check_mode)
    module.exit_json(**outcome.report(), diff=outcome.diff())


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
