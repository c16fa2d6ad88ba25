#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: minikube_profile
short_description: Starts, repairs, restarts and removes a Minikube profile
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Brings a Minikube profile (docker driver) to a state, and reports success only for a cluster that it has seen ready; that is, API, node,
    CoreDNS, storage provisioner and a default StorageClass.
  - A stopped, half-started or half-deleted profile is brought back. What runs is left alone.
  - The profile has a C(MINIKUBE_HOME) and a kubeconfig of its own, so that no other profile, kubeconfig or current context is touched.
  - A container of the profile's name that this module did not make is never touched.
  - A profile that has been seen ready is never deleted to repair it; one that never was holds no data and is made anew. So that this is known,
    each run notes in O(claims) and O(home) that it saw the profile ready, in check mode too.
  - Only what this module or Minikube made for the profile is removed, and only where a record in O(home) or O(claims) says that it is ours.
    A folder is removed once it is empty, no symbolic link is followed, and what else lies in O(home) stays and is named in RV(left).
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
options:
  name:
    description:
      - Name of the profile, of its container and of its context.
      - As Minikube has it, two or more letters, digits, hyphens and dots, with a letter or a digit at each end and beside each dot.
    type: str
    required: true
  state:
    description:
      - V(present) starts what does not run and repairs what is broken.
      - V(restarted) stops and starts.
      - V(absent) removes container, volume, network and context, the profile's folders below C(.minikube), what Minikube keeps there for all
        profiles where no other one is left, the kubeconfig in O(home), the records of this collection, and then each folder that is empty.
      - V(absent) refuses a profile that somebody made with Minikube alone.
    type: str
    choices: [present, absent, restarted]
    default: present
  minikube:
    description: The minikube program.
    type: path
    default: minikube
  home:
    description:
      - The profile's C(MINIKUBE_HOME), as a whole path. It belongs to this profile alone.
      - A home folder (as C($HOME)), a folder that holds one, and a symbolic link are refused.
    type: path
    required: true
  kubeconfig:
    description:
      - The kubeconfig with the profile's context, as a whole path, by default C(kubeconfig) in O(home).
      - A file elsewhere, or one that holds other contexts too, is never removed, only the profile's entries are taken out of it.
      - A symbolic link is refused.
    type: path
  claims:
    description: Folder, outside O(home), for records of which containers are ours and for the profile's lock, as a whole path.
    type: path
    required: true
  container_runtime:
    description: The node's container runtime. Minikube can't change it later.
    type: str
    choices: [docker, containerd]
    default: docker
  kubernetes_version:
    description: Version of Kubernetes. Empty is minikube's default, or what runs.
    type: str
    default: ""
  base_image:
    description: The node's image. Empty is minikube's own.
    type: str
    default: ""
  cpus:
    description: CPUs of a new node.
    type: int
    default: 2
  memory:
    description: Memory of a new node, in minikube's notation.
    type: str
    default: 6g
  arguments:
    description: Further arguments of C(minikube start).
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that minikube may wait for the cluster in one start.
    type: int
    default: 360
  lock_timeout:
    description: Seconds to wait for another run that is changing the profile.
    type: int
    default: 600
requirements:
  - docker (command)
  - kubernetes >= 31.0.0
"""

EXAMPLES = r"""
- name: Have a cluster
  runbook.minikube.minikube_profile:
    name: runbook
    home: /home/me/.local/share/runbook.minikube/runbook
    claims: /home/me/.cache/runbook.minikube/claims

- name: Have one with containerd and more memory, by a certain minikube
  runbook.minikube.minikube_profile:
    name: big
    home: /home/me/.local/share/runbook.minikube/big
    claims: /home/me/.cache/runbook.minikube/claims
    minikube: /opt/minikube/minikube
    container_runtime: containerd
    memory: 12g

- name: Remove it with its data, and nothing else that lies in its folder
  runbook.minikube.minikube_profile:
    name: big
    home: /home/me/.local/share/runbook.minikube/big
    claims: /home/me/.cache/runbook.minikube/claims
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, as sentences.
  returned: always
  type: list
  elements: str
  sample: ["start the profile runbook: its container is exited"]
problems:
  description: Why the profile could not be used as it was found.
  returned: always
  type: list
  elements: str
  sample: ["its container is exited"]
removed:
  description: What O(state=absent) removed, or in check mode would remove, in order.
  returned: always
  type: list
  elements: str
  sample:
    - container big
    - volume big
    - network big
    - /home/me/.local/share/runbook.minikube/big/.minikube/profiles/big
    - /home/me/.local/share/runbook.minikube/big/kubeconfig
    - /home/me/.local/share/runbook.minikube/big
left:
  description: What O(state=absent) leaves in O(home), as it is not known as the profile's, and a kubeconfig that keeps entries of its name.
  returned: always
  type: list
  elements: str
  sample: [/home/me/.local/share/runbook.minikube/big/notes.txt]
serving:
  description:
    - Parts of the system with a ready pod, by their label V(k8s-app), of a profile that has nothing to be done. Otherwise empty.
  returned: always
  type: list
  elements: str
  sample: [kube-dns, kube-proxy, metrics-server]
context:
  description: Name of the context in O(kubeconfig).
  returned: always
  type: str
  sample: runbook
kubeconfig:
  description: The kubeconfig with the context.
  returned: always
  type: str
  sample: /home/me/.local/share/runbook.minikube/runbook/kubeconfig
seconds:
  description: How long the actions took.
  returned: always
  type: float
  sample: 41.2
"""

import time

from ansible_collections.runbook.minikube.plugins.module_utils.libraries import CLUSTER
from ansible_collections.runbook.minikube.plugins.module_utils.profile.apply import apply, sole_user, verify
from ansible_collections.runbook.minikube.plugins.module_utils.profile.engine import Engine
from ansible_collections.runbook.minikube.plugins.module_utils.profile.files import clear_path_failures, survey
from ansible_collections.runbook.minikube.plugins.module_utils.profile.minikube import Minikube, StartOptions
from ansible_collections.runbook.minikube.plugins.module_utils.profile.observe import note_if_ready, observe
from ansible_collections.runbook.minikube.plugins.module_utils.profile.options import profile_of
from ansible_collections.runbook.minikube.plugins.module_utils.profile.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils.profile.report import removed_by, warning_of
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Plan, Profile, Removal
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent", "restarted"], "default": "present"},
    "minikube": {"type": "path", "default": "minikube"},
    "home": {"type": "path", "required": True},
    "kubeconfig": {"type": "path"},
    "claims": {"type": "path", "required": True},
    "container_runtime": {"type": "str", "choices": ["docker", "containerd"], "default": "docker"},
    "kubernetes_version": {"type": "str", "default": ""},
    "base_image": {"type": "str", "default": ""},
    "cpus": {"type": "int", "default": 2},
    "memory": {"type": "str", "default": "6g"},
    "arguments": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 360},
    "lock_timeout": {"type": "int", "default": 600},
}

SETTINGS: dict = {"connects": False, "libraries": lambda _params: CLUSTER}


def run(module):
    """Ends by exit_json or fail_json."""
    engine = Engine(module.run_command)
    started = time.monotonic()
    with module.clear_failures(), clear_path_failures():
        profile = profile_of(module.params)
        plan = _plan(profile, engine, module.params)
        if plan.actions and not module.check_mode:
            plan = _carry_out(module, profile, engine)
            verify(profile, engine, plan, module.params["state"])
    if plan.removal.left:
        module.warn(warning_of(plan.removal, profile))
    module.exit_json(**_report(plan, profile, time.monotonic() - started))


def _plan(profile: Profile, engine: Engine, params: dict) -> Plan:
    observed = observe(profile, engine)
    gone = params["state"] == "absent"
    removal = survey(profile, observed) if gone else Removal()
    plan = make_plan(observed, profile.name, params["state"], params["container_runtime"], params["kubernetes_version"], removal)
    if not gone:
        note_if_ready(profile, observed)
    return plan


def _carry_out(module: RunbookModule, profile: Profile, engine: Engine) -> Plan:
    """Plans anew with the lock, as another run may just have done the work, and applies."""
    params = module.params
    with sole_user(profile, params["lock_timeout"]) as lock:
        plan = _plan(profile, engine, params)
        minikube = Minikube(params["minikube"], profile, module.run_command, lock)
        apply(plan, minikube, engine, _start_options(params), params["timeout"])
    return plan


def _start_options(params: dict) -> StartOptions:
    return StartOptions(params["cpus"], params["memory"], params["container_runtime"], params["kubernetes_version"],
                        params["base_image"], tuple(params["arguments"]))


def _report(plan: Plan, profile: Profile, seconds: float) -> dict:
    actions = [action.sentence(profile.name) for action in plan.actions]
    return {
        "changed": bool(actions),
        "actions": actions,
        "problems": list(plan.problems),
        "removed": removed_by(plan, profile),
        "left": [str(path) for path in plan.removal.left],
        "serving": list(plan.serving),
        "context": profile.name,
        "kubeconfig": str(profile.kubeconfig),
        "seconds": round(seconds, 1),
        "diff": {"before": "\n".join(plan.problems), "after": "\n".join([*actions, *removed_by(plan, profile)])},
    }


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
