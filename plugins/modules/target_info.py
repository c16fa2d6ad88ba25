#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: target_info
short_description: Says which cluster a playbook would touch, and refuses one that is not meant
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Resolves a context by its name, never the current one, and tells which cluster it leads to.
  - Refuses a context that is neither a Minikube profile nor named in O(allowed_contexts).
  - A context is a Minikube profile where Minikube's mark stands on the cluster's entry in the kubeconfig,
    or where its certificates lie in the home of a profile on this machine, and the server's certificate is checked.
  - Asks the API server for its version and nodes, and says within seconds what is the matter where it does not answer.
  - Changes nothing. The user needs the verb C(list) on C(nodes) for the node's address; without it that is left out with a warning.
extends_documentation_fragment:
  - runbook.minikube.read_only
options:
  kubeconfig:
    description:
      - Path of the kubeconfig, or several ones separated by colons.
      - Where it is not given, the environment variables E(K8S_AUTH_KUBECONFIG) and E(KUBECONFIG) are read, then C(~/.kube/config).
    type: str
  context:
    description: Name of the context. Where it is not given, the module fails and lists the ones there are.
    type: str
  allowed_contexts:
    description: Names of contexts that may be touched although they are not Minikube profiles.
    type: list
    elements: str
    default: []
  minikube_homes:
    description:
      - Folders to look for Minikube profiles in, as in E(MINIKUBE_HOME).
      - Where none is given, that variable or the home directory.
    type: list
    elements: path
    default: []
  timeout:
    description: Seconds to wait for an answer of the API server.
    type: int
    default: 5
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
"""

EXAMPLES = r"""
- name: Which cluster is that?
  runbook.minikube.target_info:
    context: minikube
  register: result

- name: A cluster that is not Minikube's has to be named twice
  runbook.minikube.target_info:
    kubeconfig: ~/.kube/staging
    context: staging
    allowed_contexts:
      - staging
"""

RETURN = r"""
msg:
  description: The target in one line.
  returned: always
  type: str
  sample: "context minikube (Minikube profile minikube) at https://192.168.49.2:8443"
target:
  description: The cluster. No credential.
  returned: success
  type: dict
  contains:
    context:
      description: Name of the context.
      type: str
      returned: always
      sample: minikube
    cluster:
      description: Name of the cluster's entry in the kubeconfig.
      type: str
      returned: always
      sample: minikube
    server:
      description: URL of the API server.
      type: str
      returned: always
      sample: https://192.168.49.2:8443
    namespace:
      description: Namespace that the context names, else V(default).
      type: str
      returned: always
      sample: default
    kubeconfig:
      description: Absolute path of the kubeconfig, or several ones separated by colons.
      type: str
      returned: always
      sample: /home/me/.kube/config
    is_minikube:
      description: Whether it is a Minikube profile.
      type: bool
      returned: always
      sample: true
    profile:
      description: Name of the Minikube profile, empty for another cluster.
      type: str
      returned: always
      sample: minikube
    minikube_home:
      description: Folder of Minikube that has the profile, empty where it was not found on this machine.
      type: str
      returned: always
      sample: /home/me/.minikube
    kubernetes_version:
      description: Version of the API server.
      type: str
      returned: always
      sample: v1.33.1
    node:
      description: Name of the first node, one of the control plane where there is one. Empty where nodes may not be listed.
      type: str
      returned: always
      sample: minikube
    node_address:
      description: Internal address of that node, on which NodePorts answer.
      type: str
      returned: always
      sample: 192.168.49.2
    runtime:
      description: Container runtime of that node.
      type: str
      returned: always
      sample: docker
contexts:
  description: Names of the contexts that there are.
  returned: when no context of that name is there
  type: list
  elements: str
  sample:
    - minikube
reason:
  description:
    - Why the API server can't be used. One of V(refused), V(unreachable), V(timeout), V(hanging), V(reset), V(no_name), V(certificate),
      V(credentials), V(unauthorized), V(forbidden), V(not_ready) and V(other).
  returned: when the API server does not answer
  type: str
  sample: refused
"""

import dataclasses
import os

from ansible_collections.runbook.minikube.plugins.module_utils.libraries import CLUSTER
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils.target.observe import ask, resolve

ARGUMENT_SPEC = {
    "kubeconfig": {"type": "str"},
    "context": {"type": "str"},
    "allowed_contexts": {"type": "list", "elements": "str", "default": []},
    "minikube_homes": {"type": "list", "elements": "path", "default": []},
    "timeout": {"type": "int", "default": 5},
}

SETTINGS: dict = {"connects": False, "libraries": lambda _params: CLUSTER}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        target = resolve(module.params, os.environ)
        answer = dataclasses.asdict(ask(target, module.params["timeout"]))
    if answer.pop("nodes_forbidden"):
        module.warn(f"This user may not list the nodes of {target}, so node, node_address and runtime are not known.")
    module.exit_json(changed=False, msg=str(target), target={**dataclasses.asdict(target), **answer})


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
