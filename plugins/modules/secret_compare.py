#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_compare
short_description: Compare a secret value across several locations
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Compares keys of Secrets and ConfigMaps, the actual environment and files of running containers, local files, and given values.
  - No value leaves the module. The result reports which locations have the same value, and how the others differ in format (a trailing
    newline, surrounding whitespace or quotes, one encoding too many, Windows line endings, invisible characters, or letter case).
    Lengths are reported as classes only.
  - The first location in the list that has a value is the reference for the others.
  - Values in running containers are read with a program that the container has (cat, python or node). A container without any of them,
    or one that can't be reached, is reported as V(unknown).
  - Secrets and ConfigMaps are read with one list call per kind and namespace, or one by one where only one is named or listing is
    forbidden.
  - The user needs C(get) (or C(list)) on C(secrets) and C(configmaps). For running containers also C(list) on C(pods),
    C(get) and C(create) on C(pods/exec), and C(get) on the workloads that are named. Files and given values need no cluster.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.locations.compared
  - runbook.minikube.attributes.read_only
options:
  namespace:
    description: Namespace of all locations without one.
    type: str
    default: default
  locations:
    description:
      - Where the value is. Each entry has exactly one of O(locations[].secret), O(locations[].config_map), O(locations[].workload),
        O(locations[].file) and O(locations[].value).
    type: list
    elements: dict
    required: true
seealso:
  - module: runbook.minikube.secret_copy
  - module: runbook.minikube.app_secrets
"""

EXAMPLES = r"""
- name: Compare the secret of the frontend and the backend
  runbook.minikube.secret_compare:
    context: runbook
    locations:
      - {secret: frontend-secrets, key: better-auth-secret}
      - {secret: backend-api-secrets, key: better-auth-secret}
  register: compared

- name: Fail if they differ
  ansible.builtin.assert:
    that: compared.equal
    fail_msg: "{{ compared.differences | map(attribute='message') | join(' ') }}"

- name: Find running containers that still have a previous value
  runbook.minikube.secret_compare:
    context: runbook
    namespace: todo
    locations:
      - {secret: frontend-secrets, key: better-auth-secret, check_consumers: true}

- name: Find out which containers still have a value that was overwritten, and where that is kept
  runbook.minikube.secret_compare:
    context: runbook
    locations:
      - {secret: frontend-secrets, key: better-auth-secret, check_consumers: true, check_former: true}

- name: Compare the value in a workload's containers with a file
  runbook.minikube.secret_compare:
    context: runbook
    locations:
      - {file: ~/better-auth-secret}
      - {workload: Deployment/frontend, env: BETTER_AUTH_SECRET}
"""

RETURN = r"""
equal:
  description: Whether every location has the same value. False also if that is unknown.
  returned: success
  type: bool
  sample: false
verdict:
  description: V(equal), V(different), V(unknown) (no difference was found, but not every location could be read) or V(missing) (no value anywhere).
  returned: success
  type: str
  sample: different
reference:
  description: The location that the others were compared with.
  returned: success
  type: str
  sample: Secret default/frontend-secrets, key better-auth-secret
locations:
  description: Each location.
  returned: success
  type: list
  elements: dict
  contains:
    index:
      description: Index of its entry in O(locations), from 0.
      type: int
      returned: always
      sample: 0
    location:
      description: The location.
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
      description: Locations with the same number have the same value.
      type: int
      returned: when the value is known
      sample: 1
    former:
      description: Where the same value is kept as a former one.
      type: str
      returned: with O(locations[].check_former), when it is
      sample: Secret default/frontend-secrets-former, key better-auth-secret.1
    reason:
      description: Why the value is unknown.
      type: str
      returned: when it is unknown
      sample: the container has none of cat, python3, python and node to read it with
differences:
  description: The locations that differ from the reference, and how.
  returned: success
  type: list
  elements: dict
  contains:
    location:
      description: The location.
      type: str
      returned: always
      sample: Secret default/backend-api-secrets, key better-auth-secret
    kinds:
      description:
        - V(missing), V(empty) or V(other), or the format errors that explain the difference.
        - Format errors are V(trailing_newline), V(surrounding_whitespace), V(quotes), V(base64), V(hex), V(url) (percent-encoded), V(utf16),
          V(bom) (a byte order mark), V(escaped_newline) (C(\n) as two characters), V(no_break_space), V(zero_width_space), V(crlf) and V(case).
      type: list
      elements: str
      returned: always
      sample:
        - trailing_newline
    message:
      description: The difference in a sentence.
      type: str
      returned: always
      sample: Secret default/backend-api-secrets, key better-auth-secret ends with a newline.
missing_permissions:
  description: The missing permissions.
  returned: when permissions are missing
  type: list
  elements: str
  sample:
    - get pods/exec
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.options import LOCATION, LOCATION_RULES, redact_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.libraries import CLUSTER
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.compare import compare
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.observe import observe_former_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.options import CompareOptions

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "locations": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {**LOCATION, "required": {"type": "bool", "default": True}, "check_former": {"type": "bool", "default": False}},
        **LOCATION_RULES,
    },
}


def libraries(params: dict) -> tuple[str, ...]:
    """Files and given values are compared without a cluster."""
    return CLUSTER if CompareOptions.of(params).needs_cluster else ()


SETTINGS: dict = {"redact": {"locations": redact_values}, "libraries": libraries}


def run(module):
    """Ends by exit_json or fail_json."""
    options = CompareOptions.of(module.params)
    with module.clear_failures():
        cluster = module.cluster if options.needs_cluster else None
        values = observe(cluster, options.namespace, options.locations)
        former = observe_former_values(cluster, options.former_keys) if cluster else {}
        module.hide([*former, *(one.value for one in values if one.value)])
    module.exit_json(changed=False, **compare(values, options.not_required, former))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
