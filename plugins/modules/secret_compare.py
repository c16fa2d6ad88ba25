#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_compare
short_description: Says whether the same value stands in several places
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Compares keys of Secrets and ConfigMaps, the environment and files that running containers really have, files, and given values.
  - No value leaves the module. The result tells which places hold the same, and how the others differ in kind. A value that only has
    a newline at its end, whitespace or quotes around it, that went through base64 once more, that has Windows line ends or letters of
    another case, is recognised as that. Of lengths only classes are told.
  - The first place in the list that holds a value is the one that the others are compared with.
  - Running containers are asked with a program that they bring themselves (cat, python or node). A container that has none of them,
    or can't be reached, is V(unknown), never guessed.
  - Secrets and ConfigMaps are read with one list call for each kind and namespace, or one by one where only one is named or listing is
    not allowed.
  - The user needs C(get) (or C(list)) on C(secrets) and C(configmaps). For running containers also C(list) on C(pods),
    C(get) and C(create) on C(pods/exec), and C(get) on the workloads that are named.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - runbook.minikube.read_only
options:
  namespace:
    description: Namespace of all places that name none.
    type: str
    default: default
  places:
    description:
      - Where the value stands. Each entry has exactly one of O(places[].secret), O(places[].config_map), O(places[].workload),
        O(places[].file) and O(places[].value).
    type: list
    elements: dict
    required: true
    suboptions:
      secret:
        description: Name of a Secret. Needs O(places[].key).
        type: str
      config_map:
        description: Name of a ConfigMap. Needs O(places[].key).
        type: str
      key:
        description: The key in the Secret or ConfigMap.
        type: str
      readers:
        description:
          - Compares also what every running container of the namespace has that reads this key, by C(env), by C(envFrom) with or without a
            prefix, or by a volume (projected ones and C(subPath) too).
          - So it shows which pods still run with a former value.
        type: bool
        default: false
      workload:
        description:
          - Kind and name of a Deployment, StatefulSet or DaemonSet, for example V(Deployment/frontend). Needs O(places[].env).
          - All of its running pods are asked, those of former revisions and those that are about to end too.
        type: str
      container:
        description: The container of the workload. By default those that have the variable.
        type: str
      env:
        description: The environment variable of the workload.
        type: str
      file:
        description: Path of a file on the host where the module runs. Its whole content counts.
        type: path
      value:
        description: The value itself. It is never shown.
        type: str
      namespace:
        description: Namespace of this place.
        type: str
      optional:
        description: Whether the value may be missing here.
        type: bool
        default: false
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
seealso:
  - module: runbook.minikube.secret_copy
  - module: runbook.minikube.app_secrets
"""

EXAMPLES = r"""
- name: Compare the secret of frontend and backend
  runbook.minikube.secret_compare:
    context: runbook
    places:
      - {secret: frontend-secrets, key: better-auth-secret}
      - {secret: backend-api-secrets, key: better-auth-secret}
  register: compared

- name: Stop where they differ
  ansible.builtin.assert:
    that: compared.equal
    fail_msg: "{{ compared.differences | map(attribute='says') | join(' ') }}"

- name: See which running containers still have a former value
  runbook.minikube.secret_compare:
    context: runbook
    namespace: todo
    places:
      - {secret: frontend-secrets, key: better-auth-secret, readers: true}

- name: Compare what a workload runs with to a file
  runbook.minikube.secret_compare:
    context: runbook
    places:
      - {file: ~/better-auth-secret}
      - {workload: Deployment/frontend, env: BETTER_AUTH_SECRET}
"""

RETURN = r"""
equal:
  description: Whether every place holds the same value. False also where that is not known.
  returned: success
  type: bool
  sample: false
verdict:
  description: V(equal), V(different), V(unknown) (no difference was seen, but not every place could be read) or V(missing) (no value anywhere).
  returned: success
  type: str
  sample: different
reference:
  description: The place that the others were compared with.
  returned: success
  type: str
  sample: Secret default/frontend-secrets, key better-auth-secret
places:
  description: What is known of each place.
  returned: success
  type: list
  elements: dict
  contains:
    entry:
      description: Number of the entry of O(places) that it belongs to, from 0.
      type: int
      returned: always
      sample: 0
    place:
      description: The place in words.
      type: str
      returned: always
      sample: pod default/frontend-5d5f6c8b9-x7x2l, container frontend, variable BETTER_AUTH_SECRET
    state:
      description: V(present), V(missing) or V(unknown).
      type: str
      returned: always
      sample: present
    length:
      description: Class of the value's length.
      type: str
      returned: always
      sample: 32 to 63 bytes
    group:
      description: Places with the same number hold the same value.
      type: int
      returned: when the value is known
      sample: 1
    reason:
      description: Why the value is not known.
      type: str
      returned: when it is not known
      sample: the container has none of cat, python3, python and node to be asked with
differences:
  description: The places that differ from the reference, and how.
  returned: success
  type: list
  elements: dict
  contains:
    place:
      description: The place in words.
      type: str
      returned: always
      sample: Secret default/backend-api-secrets, key better-auth-secret
    kinds:
      description:
        - V(missing), V(empty) or V(other), or the slips that explain the difference.
        - Slips are V(trailing_newline), V(surrounding_whitespace), V(quotes), V(base64), V(crlf) and V(case).
      type: list
      elements: str
      returned: always
      sample:
        - trailing_newline
    says:
      description: The difference in a sentence.
      type: str
      returned: always
      sample: Secret default/backend-api-secrets, key better-auth-secret ends with a newline.
missing_permissions:
  description: What the user may not do and would have to.
  returned: when a permission is missing
  type: list
  elements: str
  sample:
    - get pods/exec
"""

from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.intake import PLACE, RULES, without_values
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.compare import compared

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "places": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {**PLACE, "optional": {"type": "bool", "default": False}},
        **RULES,
    },
}


def main():
    module = RunbookModule(ARGUMENT_SPEC, shown={"places": without_values})
    places = module.params["places"]
    with module.clear_failures():
        found = observe(module.cluster, module.params["namespace"], places)
        module.hide(one.value for one in found if one.value)
    module.exit_json(changed=False, **compared(found, {index for index, place in enumerate(places) if place["optional"]}))


if __name__ == "__main__":
    main()
