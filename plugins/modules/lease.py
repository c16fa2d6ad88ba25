#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Manage the lease that lets one operator at a time change an application
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Acquires, renews and releases a C(coordination.k8s.io/v1) Lease, or a lock file before the cluster answers, for one run of a playbook.
  - The holder is the process of C(ansible-playbook), identified by its host, PID and start time, and the inventory host.
    Nothing runs in the background. A play renews the lease before each long step, and O(duration) is longer than the longest step.
  - A holder on the same host whose process has ended is replaced at once, and one elsewhere when its lease has expired, by the clock of the API
    server. A holder whose process is seen running on this host keeps the lease, however long ago it renewed it. Of two concurrent requests
    one is granted.
  - "The modules of the group C(runbook.minikube.writing) take RV(lease) in their option C(lease): they renew the lease with their first write, and
    write nothing more once another run holds it. A module of another collection knows nothing of the lease: renew it in the task before."
  - If another run holds the lease, the module waits up to O(wait) seconds. Then it fails with the holder, since when, and until when.
  - The user needs the verbs C(get), C(create) and C(update) on C(leases) in the namespace.
extends_documentation_fragment:
  - runbook.minikube.connection
options:
  state:
    description:
      - V(held) acquires or renews the lease.
      - V(released) releases the lease if this run holds it, and leaves it alone otherwise.
    type: str
    choices: [held, released]
    default: held
  scope:
    description:
      - V(cluster) stores the lease in the cluster, for everybody who works on it.
      - V(profile) stores it in O(lock_file), for this host, before the cluster's API answers.
    type: str
    choices: [cluster, profile]
    default: cluster
  name:
    description: Name of the Lease. Required with O(scope=cluster).
    type: str
  namespace:
    description: Namespace of the Lease. It must exist.
    type: str
    default: default
  lock_file:
    description: Path of the lock file. Its directory is created if necessary. Required with O(scope=profile).
    type: path
  duration:
    description: Seconds until the lease expires unless it is renewed. Longer than the longest step between two renewals.
    type: int
    default: 3600
  wait:
    description: Seconds to wait while another run holds the lease.
    type: int
    default: 0
  renew:
    description:
      - Renews the lease only if this run holds it. Fails if it was taken over, released or deleted in the meantime.
      - In check mode, in which nothing was acquired before, it does nothing.
    type: bool
    default: false
  holder:
    description: The holder. Added on the controller; not meant to be set.
    type: dict
notes:
  - In check mode nothing is acquired, and RV(holder) is the present holder.
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
  diff_mode:
    description: Reports the holder before and after.
    support: full
  action:
    description: The action plugin adds the holder on the controller; the module reads and writes the lease.
    support: full
  idempotent:
    description: Acquiring again renews the lease, which is a change.
    support: partial
requirements:
  - python >= 3.11
  - psutil >= 5.9.0 (where there is no C(/proc), as on macOS)
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
"""

EXAMPLES = r"""
- name: Acquire the lease
  runbook.minikube.lease:
    context: runbook
    name: runbook-todo
    wait: 300
  register: lease_result

- name: Restart a workload under the lease
  runbook.minikube.rollout:
    context: runbook
    workloads: [{name: frontend}]
    restart: always
    lease: "{{ lease_result.lease }}"

- name: Renew the lease
  runbook.minikube.lease:
    context: runbook
    name: runbook-todo
    renew: true

- name: Release the lease
  runbook.minikube.lease:
    context: runbook
    name: runbook-todo
    state: released

- name: Acquire the profile lock before the cluster runs
  runbook.minikube.lease:
    scope: profile
    lock_file: ~/.local/share/runbook.minikube/runbook.lock
"""

RETURN = r"""
lease:
  description:
    - The Lease that this run holds now, for the option C(lease) of the modules that write, usually by C(module_defaults).
    - Empty in check mode, after V(released), and with O(scope=profile).
  returned: success
  type: dict
  sample: {name: runbook-todo, namespace: default}
action:
  description:
    - V(acquired), V(renewed), V(replaced) (the holder's process had ended or its lease had expired), V(released) or V(unchanged).
    - After a failure V(blocked), V(taken_over) or V(conflict) (two inventory hosts of one run name the same cluster).
  returned: always
  type: str
  sample: acquired
holder:
  description: The present holder; empty if nobody holds the lease.
  returned: always
  type: dict
  contains:
    identity:
      description: The holderIdentity.
      type: str
      returned: always
      sample: alice@laptop/4711/1761300000/5f1c2a9e/localhost
    user:
      description: Who runs the playbook. This and the following keys are empty if another tool holds the lease.
      type: str
      returned: always
      sample: alice
    host:
      description: Host that the playbook runs on.
      type: str
      returned: always
      sample: laptop
    pid:
      description: PID of ansible-playbook there.
      type: int
      returned: always
      sample: 4711
    playbook:
      description: The playbook.
      type: str
      returned: always
      sample: deploy.yml
    inventory_host:
      description: Inventory host that it is held for.
      type: str
      returned: always
      sample: localhost
    since:
      description: When it was acquired (UTC).
      type: str
      returned: always
      sample: "2026-01-31T09:00:00Z"
    expires:
      description: When it expires unless it is renewed (UTC).
      type: str
      returned: always
      sample: "2026-01-31T10:00:00Z"
previous:
  description: The replaced holder, in the form of RV(holder).
  returned: success
  type: dict
  sample: null
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.apply import acquire, release
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.options import HELD, LeaseOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.plan import LeaseRequest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.report import held_lease
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.stores import open_store
from ansible_collections.runbook.minikube.plugins.module_utils._internal.libraries import CLUSTER
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["held", "released"], "default": "held"},
    "scope": {"type": "str", "choices": ["cluster", "profile"], "default": "cluster"},
    "name": {"type": "str"},
    "namespace": {"type": "str", "default": "default"},
    "lock_file": {"type": "path"},
    "duration": {"type": "int", "default": 3600},
    "wait": {"type": "int", "default": 0},
    "renew": {"type": "bool", "default": False},
    "holder": {"type": "dict"},
}

SETTINGS: dict = {
    "required_if": [("scope", "cluster", ["name"]), ("scope", "profile", ["lock_file"])],
    "libraries": lambda params: CLUSTER if params["scope"] == "cluster" else (),
}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = LeaseOptions.of(module.params)
        store = open_store(lambda: module.cluster, options)
        if options.state == HELD:
            request = LeaseRequest(options.holder, options.duration, options.renew)
            result = acquire(store, request, options.wait, module.check_mode)
        else:
            result = release(store, options.holder, module.check_mode)
    module.exit_json(**result.report(), lease=held_lease(options, module.check_mode))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
