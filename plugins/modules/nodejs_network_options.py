#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: nodejs_network_options
short_description: Let Node.js connect where its network family selection ends connections too early
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Node.js connects to the addresses of a name one after the other and ends each attempt but the last after a short limit, 250 ms in most versions
    (network family selection, Happy Eyeballs). Where an address takes longer and another one cannot be reached, connections end with
    C(AggregateError) and C(ETIMEDOUT), although every other program connects. This module sets flags in E(NODE_OPTIONS) of such workloads, without
    a change of their code or image.
  - It connects from inside a running container first, as M(runbook.minikube.connectivity_probe) does, and changes nothing where the connections
    succeed, or fail for another reason. A workload whose code sets family selection itself is not changed.
  - "The least change comes first: C(--network-family-autoselection-attempt-timeout), which keeps both address families working, then
    C(--no-network-family-autoselection), both if needed with C(--dns-result-order=ipv4first), which alone is used where family selection is off and
    the first address cannot be reached. Each is tried in the very container before anything is written: Node.js has to start with the new value, as
    it ends the application where it does not know a flag, its settings have to be those of the flags, and every affected connection has to succeed."
  - Other flags in E(NODE_OPTIONS) of the image are kept. Where a manifest, C(valueFrom), C(envFrom) or the start command sets the variable,
    nothing is changed, and RV(problems) has the flags to add there.
  - The entry is applied server-side by the field manager C(runbook-network). The next deployment leaves it, a rollback keeps it, and
    O(state=absent) removes it.
  - The module does not wait for the new pods. The role C(runbook.minikube.network) does, and verifies the connections from them.
  - Bun and Deno are refused, as they do not read E(NODE_OPTIONS).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.attributes
options:
  namespace:
    description: Namespace of the workloads.
    type: str
    default: default
  workloads:
    description: The workloads. Those without Node.js are only probed. With O(state=present) each needs a running pod.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: Kind of the workload.
        type: str
        choices: [Deployment, StatefulSet, DaemonSet]
        required: true
      name:
        description: Name of the workload.
        type: str
        required: true
  state:
    description:
      - V(present) sets the flags where the connections need them.
      - V(absent) removes what this module has set. Nothing is probed.
    type: str
    choices: [present, absent]
    default: present
  container:
    description:
      - The container. By default the one that the annotation C(kubectl.kubernetes.io/default-container) names, else the first running one that is
        not an injected sidecar.
    type: str
  targets:
    description: What the workloads have to reach. This or O(database) is required with O(state=present).
    type: list
    elements: dict
    suboptions:
      host:
        description: Host name or IP address. Either this or O(targets[].env).
        type: str
      env:
        description: Environment variable of the container with a URL, of which host and port are used.
        type: str
      port:
        description: Port. Required, unless O(targets[].scheme) has a default. With O(targets[].env) it is used if the URL has none.
        type: int
      scheme:
        description: What follows the connection, see M(runbook.minikube.connectivity_probe).
        type: str
        choices: [tcp, tls, http, https]
        default: tcp
      path:
        description: Path to request.
        type: str
        default: /
  database:
    description: A PostgreSQL database that the workloads have to reach.
    type: dict
    suboptions:
      env:
        description: Environment variable of the container with the URL.
        type: str
        default: DATABASE_URL
      required:
        description: Whether a container without the variable is a problem. If V(false), the database is not checked from there.
        type: bool
        default: true
  timeout:
    description: Seconds for each connection, at least 1.
    type: int
    default: 5
notes:
  - "Needs C(list) on C(pods), on the kinds of O(workloads), and on C(replicasets) where one is a Deployment, C(get) and C(create) on C(pods/exec),
    and C(patch) on the workloads that are changed."
seealso:
  - module: runbook.minikube.connectivity_probe
"""

EXAMPLES = r"""
- name: Let the frontend reach its database, where it needs that
  runbook.minikube.nodejs_network_options:
    context: minikube
    workloads:
      - {kind: Deployment, name: frontend}
    database: {env: DATABASE_URL}
  register: cure

- name: Wait for the new pods
  runbook.minikube.rollout:
    context: minikube
    workloads: "{{ cure.applied }}"
  when: cure.applied | length > 0

- name: Remove the flags again
  runbook.minikube.nodejs_network_options:
    context: minikube
    workloads:
      - {kind: Deployment, name: frontend}
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done.
  returned: success
  type: list
  elements: str
  sample:
    - set --network-family-autoselection-attempt-timeout=2500 in NODE_OPTIONS of container frontend of Deployment frontend
applied:
  description: The workloads that have the entry, or had it until now. Their pods get the change with their next replacement.
  returned: success
  type: list
  elements: dict
  sample:
    - {kind: Deployment, name: frontend}
problems:
  description: Connections that fail for another reason, and needs that could not be met, with the next step.
  returned: success
  type: list
  elements: str
  sample:
    - NODE_OPTIONS of container frontend of Deployment frontend is set by the manifest, so nothing was changed. Add to its value there, and
      deploy --network-family-autoselection-attempt-timeout=2500
notes:
  description: What else is known, as sentences.
  returned: success
  type: list
  elements: str
  sample: []
workloads:
  description: The result for each workload.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the workload.
      type: str
      sample: Deployment
    name:
      description: Name of the workload.
      type: str
      sample: frontend
    container:
      description: The container.
      type: str
      sample: frontend
    action:
      description: V(set), V(remove) or V(none).
      type: str
      sample: set
    flags:
      description: The flags that cure the connections, also where they are set already or have to be added to a manifest.
      type: list
      elements: str
      sample: ["--network-family-autoselection-attempt-timeout=2500"]
    reason:
      description: Why nothing was changed although the connections need it, as a sentence.
      type: str
      sample: ""
    node:
      description: Node.js' settings before the change, see M(runbook.minikube.connectivity_probe).
      type: dict
      sample: {version: v20.20.2, auto_select_family: true, attempt_timeout_ms: 250}
    connections:
      description: The connections before the change, see M(runbook.minikube.connectivity_probe).
      type: list
      elements: dict
      sample:
        - {host: db.example.org, port: 5432, healthy: false, cause: happy_eyeballs}
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.options import DATABASE, TARGET
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.options import CureOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.run import run as cure
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.options import WORKLOAD
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "workloads": {"type": "list", "elements": "dict", "required": True, "options": WORKLOAD},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "container": {"type": "str"},
    "targets": {"type": "list", "elements": "dict", "options": TARGET},
    "database": {"type": "dict", "options": DATABASE},
    "timeout": {"type": "int", "default": 5},
}

SETTINGS: dict = {"writes": True}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        result = cure(module.cluster, CureOptions.of(module.params), module.check_mode)
    module.exit_json(**result)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
