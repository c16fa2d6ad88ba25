#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Lets one operator at a time change an application
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Holds a C(coordination.k8s.io/v1) Lease, or a lock file while there is no cluster that answers, for one run of a playbook.
  - The holder is the process of C(ansible-playbook), known by its machine, process number and start, and the inventory host.
    Nothing runs in the background. A play renews the lease before each long step, and O(duration) is longer than the longest step.
  - A holder on the same machine whose process is gone is replaced at once, one whose time is over too. Of two that ask at once one gets it.
  - Another holder is waited for up to O(wait) seconds. Then the module fails and says who holds it, since when, and until when.
  - The user needs the verbs C(get), C(create) and C(update) on C(leases) in the namespace.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
options:
  state:
    description:
      - V(held) takes the lease or renews it.
      - V(released) gives back what this run holds, and leaves alone what another one holds.
    type: str
    choices: [held, released]
    default: held
  scope:
    description:
      - V(cluster) keeps the lease in the cluster, for everybody who works on it.
      - V(profile) keeps it in O(lock_file), for this machine, before the cluster's API answers.
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
    description: Path of the lock file. Its folder is made if need be. Required with O(scope=profile).
    type: path
  duration:
    description: Seconds until a holder that does not renew is replaced by anybody. Longer than the longest step between two renewals.
    type: int
    default: 3600
  wait:
    description: Seconds to wait for another holder.
    type: int
    default: 0
  renew:
    description:
      - Holds the lease only if this run holds it already. Fails where it was taken over, released or deleted meanwhile.
      - In check mode, where nothing was taken before, it does nothing.
    type: bool
    default: false
  holder:
    description: Who asks. Filled in on the controller; not meant to be given.
    type: dict
notes:
  - The expiry compares the clocks of two machines. They should agree within O(duration) by a good margin.
  - In check mode nothing is taken, and RV(holder) says who has the lease.
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
  diff_mode:
    description: Reports the holder before and after.
    support: full
  action:
    description: The holder is found on the controller by an action plugin; the lease is read and written by the module.
    support: full
  idempotent:
    description: Holding again renews the lease, which is a change.
    support: partial
requirements:
  - python >= 3.11
  - psutil >= 5.9.0 (where there is no C(/proc), as on macOS)
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
"""

EXAMPLES = r"""
- name: One operator at a time
  runbook.minikube.lease:
    context: runbook
    name: runbook-todo
    wait: 300

- name: Go on only while this run holds it
  runbook.minikube.lease:
    context: runbook
    name: runbook-todo
    renew: true

- name: Give it back
  runbook.minikube.lease:
    context: runbook
    name: runbook-todo
    state: released

- name: The same before there is a cluster
  runbook.minikube.lease:
    scope: profile
    lock_file: ~/.local/share/runbook.minikube/runbook.lock
"""

RETURN = r"""
action:
  description:
    - V(acquired), V(renewed), V(replaced) (the holder's process was gone or its time over), V(released) or V(unchanged).
    - Where the lease could not be had, V(blocked), V(lost) or V(twice) (two inventory hosts of one run name the same cluster).
  returned: always
  type: str
  sample: acquired
holder:
  description: Who holds the lease now; empty where nobody does.
  returned: always
  type: dict
  contains:
    identity:
      description: The holderIdentity.
      type: str
      returned: always
      sample: alice@laptop/4711/1761300000/5f1c2a9e/localhost
    user:
      description: Who runs the playbook. This and what follows are empty where another tool holds the lease.
      type: str
      returned: always
      sample: alice
    host:
      description: Machine that the playbook runs on.
      type: str
      returned: always
      sample: laptop
    pid:
      description: Process number of ansible-playbook there.
      type: int
      returned: always
      sample: 4711
    playbook:
      description: Playbook that runs.
      type: str
      returned: always
      sample: deploy.yml
    inventory_host:
      description: Host of the inventory that it is held for.
      type: str
      returned: always
      sample: localhost
    since:
      description: When it was taken (UTC).
      type: str
      returned: always
      sample: "2026-01-31T09:00:00Z"
    expires:
      description: When it is free for anybody unless it is renewed (UTC).
      type: str
      returned: always
      sample: "2026-01-31T10:00:00Z"
previous:
  description: The holder that was replaced, in the form of RV(holder).
  returned: success
  type: dict
  sample: null
"""

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.lease.apply import hold, release
from ansible_collections.runbook.minikube.plugins.module_utils.lease.identity import Holder
from ansible_collections.runbook.minikube.plugins.module_utils.lease.plan import Request
from ansible_collections.runbook.minikube.plugins.module_utils.lease.stores import ClusterStore, FileStore
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import CLUSTER
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

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


def store_of(module):
    """The place that the options name."""
    if module.params["scope"] == "profile":
        return FileStore(module.params["lock_file"])
    return ClusterStore(module.cluster, module.params["namespace"], module.params["name"], kubectl_of(module.params))


def kubectl_of(params):
    """kubectl with the connection of this task, as a person would type it."""
    given = [f"--{name} {params[name]}" for name in ("kubeconfig", "context") if params[name] and isinstance(params[name], str)]
    return " ".join(["kubectl", *given])


def request_of(params):
    """What the options ask for. Raises RunbookError where they make no sense."""
    for name, least in (("duration", 1), ("wait", 0)):
        if params[name] < least:
            raise RunbookError(f"The option {name} must be at least {least} (seconds), and is {params[name]}.")
    try:
        holder = Holder.from_dict(params["holder"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunbookError("No run is named as holder. Use runbook.minikube.lease as a task: its action plugin names this run.") from error
    return Request(holder, params["duration"], params["renew"])


SETTINGS: dict = {
    "required_if": [("scope", "cluster", ["name"]), ("scope", "profile", ["lock_file"])],
    "libraries": lambda params: CLUSTER if params["scope"] == "cluster" else (),
}


def run(module):
    """Ends by exit_json or fail_json."""
    params = module.params
    with module.clear_failures():
        request = request_of(params)
        if params["state"] == "held":
            outcome = hold(store_of(module), request, params["wait"], module.check_mode)
        else:
            outcome = release(store_of(module), request.holder, module.check_mode)
    module.exit_json(**outcome.report())


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
