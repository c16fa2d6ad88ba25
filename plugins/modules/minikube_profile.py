#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: minikube_profile
short_description: Manage a Minikube profile
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Starts, repairs, restarts or removes a Minikube profile (docker driver). It succeeds only when the cluster is ready, that is, the API, the
    node, CoreDNS, the storage provisioner and a default StorageClass.
  - A stopped, partly started or partly deleted profile is repaired. A ready one is not changed.
  - The profile has its own C(MINIKUBE_HOME) and kubeconfig, so that no other profile, kubeconfig or current context is changed.
  - A container of the profile's name that this module did not create is never changed.
  - A profile that was ready before is never deleted to repair it. One that never was ready contains no data and is recreated. Therefore
    each run, in check mode too, records in O(ownership_dir) and O(minikube_home) that the profile is ready.
  - Only files that this module or Minikube created for the profile are removed, and only if an ownership record in O(minikube_home) or
    O(ownership_dir) names the profile. A folder is removed once it is empty, no symbolic link is followed, and other files in O(minikube_home)
    are kept and returned in RV(remaining).
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - runbook.minikube.lease.holder
  - runbook.minikube.progress
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
      - As in Minikube, two or more letters, digits, hyphens and dots, with a letter or a digit at each end and beside each dot.
    type: str
    required: true
  state:
    description:
      - V(present) starts a profile that is not running, and repairs one that is not ready.
      - V(restarted) stops and starts the profile.
      - V(absent) removes container, volume, network and context, the profile's folders below C(.minikube), the kubeconfig in O(minikube_home),
        the records of this collection, and then each empty folder. Files that Minikube shares between profiles are removed with the last profile.
      - V(absent) refuses a profile that was created with Minikube alone.
    type: str
    choices: [present, absent, restarted]
    default: present
  minikube:
    description: The minikube program.
    type: path
    default: minikube
  minikube_home:
    description:
      - The profile's C(MINIKUBE_HOME), as an absolute path. It belongs to this profile alone.
      - A home folder (such as C($HOME)), a parent of one, and a symbolic link are refused.
    type: path
    required: true
  kubeconfig:
    description:
      - The kubeconfig with the profile's context, as an absolute path, by default C(kubeconfig) in O(minikube_home).
      - A file outside of that folder, or one with other contexts too, is never removed; only the profile's entries are removed from it.
      - A symbolic link is refused.
    type: path
  ownership_dir:
    description: Folder for ownership records and the profile's lock, outside of O(minikube_home), as an absolute path.
    type: path
    required: true
  container_runtime:
    description: The node's container runtime. Minikube cannot change it later.
    type: str
    choices: [docker, containerd]
    default: docker
  kubernetes_version:
    description: Version of Kubernetes. Empty means minikube's default, or the running version.
    type: str
    default: ""
  base_image:
    description: The node's image. Empty means minikube's own.
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
    description: Additional arguments of C(minikube start).
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that C(minikube start) may wait for the cluster.
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
- name: Start a cluster
  runbook.minikube.minikube_profile:
    name: runbook
    minikube_home: /home/me/.local/share/runbook.minikube/runbook
    ownership_dir: /home/me/.cache/runbook.minikube/claims

- name: Start a cluster with containerd and more memory, by a minikube that is not on PATH
  runbook.minikube.minikube_profile:
    name: big
    minikube_home: /home/me/.local/share/runbook.minikube/big
    ownership_dir: /home/me/.cache/runbook.minikube/claims
    minikube: /opt/minikube/minikube
    container_runtime: containerd
    memory: 12g

- name: Remove the cluster with its data, but no other files in its folder
  runbook.minikube.minikube_profile:
    name: big
    minikube_home: /home/me/.local/share/runbook.minikube/big
    ownership_dir: /home/me/.cache/runbook.minikube/claims
    state: absent
"""

RETURN = r"""
actions:
  description: The actions that were taken, or in check mode would be taken, as sentences.
  returned: always
  type: list
  elements: str
  sample: ["start the profile runbook: its container is exited"]
problems:
  description: Why the profile could not be used before the actions.
  returned: always
  type: list
  elements: str
  sample: ["its container is exited"]
removed:
  description: Everything that O(state=absent) removed, or in check mode would remove, in order.
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
remaining:
  description:
    - Files in O(minikube_home) that O(state=absent) keeps, as they are not known to belong to the profile, and a kubeconfig that still has
      entries of its name.
  returned: always
  type: list
  elements: str
  sample: [/home/me/.local/share/runbook.minikube/big/notes.txt]
ready_components:
  description:
    - System components with a ready pod, by their label V(k8s-app), of a profile that needs no action. Otherwise empty.
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
  description: Duration of the actions.
  returned: always
  type: float
  sample: 41.2
"""

import time

from ansible_collections.runbook.minikube.plugins.module_utils._internal.libraries import CLUSTER
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.apply import apply, profile_lock, verify
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.docker_cli import DockerCli
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.files import path_errors, plan_removal
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.minikube import Minikube
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.model import FileRemoval, ProfilePlan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.observe import observe, record_if_ready
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.options import ARGUMENT_SPEC as PROFILE_SPEC
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.options import ProfileOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.report import remaining_warning, report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.progress import PROGRESS_SPEC, ProgressFile
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

ARGUMENT_SPEC = {**PROFILE_SPEC, **PROGRESS_SPEC}
SETTINGS: dict = {"writes": True, "connects": False, "libraries": lambda _params: CLUSTER}


def run(module):
    """Ends by exit_json or fail_json."""
    docker = DockerCli(module.run_command)
    started = time.monotonic()
    with module.clear_failures(), path_errors():
        options = ProfileOptions.of(module.params)
        plan = _plan(options, docker)
        if plan.actions and not module.check_mode:
            plan = _apply(module, options, docker)
            verify(options.profile, docker, plan, options.state)
    if plan.removal.remaining:
        module.warn(remaining_warning(plan.removal, options.profile))
    module.exit_json(**report(plan, options.profile, time.monotonic() - started))


def _plan(options: ProfileOptions, docker: DockerCli) -> ProfilePlan:
    profile = options.profile
    observed = observe(profile, docker)
    absent = options.state == "absent"
    removal = plan_removal(profile, observed) if absent else FileRemoval()
    plan = make_plan(observed, profile.name, options.state, options.start.runtime, options.start.version, removal)
    if not absent:
        record_if_ready(profile, observed)
    return plan


def _apply(module: RunbookModule, options: ProfileOptions, docker: DockerCli) -> ProfilePlan:
    """Plans again with the lock, as another run may have completed the work, and applies."""
    with profile_lock(options.profile, options.lock_timeout) as lock:
        plan = _plan(options, docker)
        progress = ProgressFile(module.params["progress"])
        minikube = Minikube(options.minikube, options.profile, module.run_command, lock, progress.add if progress else None)
        apply(plan, minikube, docker, options.start, options.timeout)
    return plan


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
