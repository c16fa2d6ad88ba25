#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: target_info
short_description: Report the cluster that a playbook would change, and refuse an unintended one
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Resolves a context by its name, never the current one, and returns the cluster that it refers to.
  - Refuses a context that is neither a Minikube profile nor listed in O(allowed_contexts).
  - A context is a Minikube profile if the cluster's entry in the kubeconfig has Minikube's extension,
    or its certificates lie in the home of a profile on this machine, and the server's certificate is verified.
  - Reads the version and the nodes from the API server, and reports the reason within seconds if it does not respond.
  - Changes nothing. The user needs the verb C(list) on C(nodes) for the node's address; without it the address is omitted with a warning.
extends_documentation_fragment:
  - runbook.minikube.attributes.read_only
  - runbook.minikube.cluster
  - runbook.minikube.target
options:
  kubeconfig:
    description:
      - Path of the kubeconfig, or several paths separated by colons.
      - By default the environment variables E(K8S_AUTH_KUBECONFIG) and E(KUBECONFIG) are read, then C(~/.kube/config).
    type: str
  context:
    description: Name of the context. Without it, the module fails and lists the available ones.
    type: str
  timeout:
    description: Seconds to wait for a response of the API server.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Resolve a Minikube profile
  runbook.minikube.target_info:
    context: minikube
  register: result

- name: Resolve another cluster, which has to be allowed by name
  runbook.minikube.target_info:
    kubeconfig: ~/.kube/staging
    context: staging
    allowed_contexts:
      - staging

- name: Allow only one of the clusters that kubeadm has given the same name
  runbook.minikube.target_info:
    context: kubernetes-admin@kubernetes
    allowed_contexts:
      - name: kubernetes-admin@kubernetes
        server: https://192.0.2.10:6443
"""

RETURN = r"""
msg:
  description: The target in one line.
  returned: always
  type: str
  sample: "context minikube (Minikube profile minikube) at https://192.168.49.2:8443"
target:
  description: The cluster, without credentials.
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
      description: Namespace of the context, else V(default).
      type: str
      returned: always
      sample: default
    kubeconfig:
      description: Absolute path of the kubeconfig, or several paths separated by colons.
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
      description: Folder of Minikube that has the profile, empty if it was not found on this machine.
      type: str
      returned: always
      sample: /home/me/.minikube
    kubernetes_version:
      description: Version of the API server.
      type: str
      returned: always
      sample: v1.33.1
    node:
      description: Name of the first node, one of the control plane if there is one. Empty if nodes may not be listed.
      type: str
      returned: always
      sample: minikube
    node_address:
      description: Internal address of that node, for NodePorts.
      type: str
      returned: always
      sample: 192.168.49.2
    runtime:
      description: Container runtime of that node.
      type: str
      returned: always
      sample: docker
contexts:
  description: Names of the available contexts.
  returned: when the context does not exist
  type: list
  elements: str
  sample:
    - minikube
reason:
  description:
    - Why the API server cannot be used. One of V(refused), V(unreachable), V(timeout), V(read_timeout), V(reset), V(dns), V(certificate),
      V(credentials), V(unauthorized), V(forbidden), V(not_ready) and V(other).
  returned: when the API server cannot be used
  type: str
  sample: refused
"""

import dataclasses
import os

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.access import not_allowed_to
from ansible_collections.runbook.minikube.plugins.module_utils._internal.libraries import CLUSTER
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.observe import read_cluster_info, resolve_target
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.options import ALLOWED, TargetOptions

ARGUMENT_SPEC = {
    "kubeconfig": {"type": "str"},
    "context": {"type": "str"},
    **ALLOWED,
    "timeout": {"type": "int", "default": 5},
}

SETTINGS: dict = {"connects": False, "libraries": lambda _params: CLUSTER}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        target = resolve_target(TargetOptions.of(module.params), os.environ)
        info = dataclasses.asdict(read_cluster_info(target, module.params["timeout"]))
    if info.pop("nodes_forbidden"):
        module.warn(not_allowed_to(f"list the nodes of {target}", purpose="to report node, node_address and runtime"))
    module.exit_json(changed=False, msg=str(target), target={**dataclasses.asdict(target), **info})


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
