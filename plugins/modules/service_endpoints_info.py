#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: service_endpoints_info
short_description: Report which Services have ready endpoints, and why the others have none
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Reads all Services of a namespace, or the named ones, with their endpoints and pods, by one list call per kind. Names the cause for each
    Service without a ready endpoint, and how to correct it.
  - Causes are a selector that matches no pod (with the nearest labels), pods in another namespace, a workload that is scaled to zero or whose
    pods cannot be created, pods that are not ready (with the reason), a C(targetPort) that no container has, no selector at all, and an
    ExternalName that cannot resolve.
  - With O(probe) it also connects to the ports. From inside of the cluster, the API server sends a GET request for the path C(/) without
    credentials, only to ports that speak HTTP (by C(appProtocol), name, or a probe of the container) or that no container declares. At the
    NodePort only a connection is opened.
  - A Service with a problem is not a failure of the module, but makes RV(healthy=false).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.attributes.read_only
options:
  namespace:
    description: Namespace of the Services.
    type: str
    default: default
  services:
    description: Names of the Services. By default all of the namespace.
    type: list
    elements: str
    default: []
  probe:
    description: Whether to connect to the ports that have a ready endpoint.
    type: bool
    default: true
  node_address:
    description: Address of a node, at which NodePorts are tried. Without it they are not.
    type: str
    default: ""
  timeout:
    description: Seconds for each response, at least 1.
    type: int
    default: 5
notes:
  - "Needs C(list) on C(services), C(endpointslices) and C(pods) in the namespace. If a Service has no ready endpoint, also C(list) on C(events),
    C(deployments), C(replicasets), C(statefulsets) and C(daemonsets); C(list) on C(pods) in all namespaces is optional. O(probe) needs C(get)
    on C(services/proxy)."
seealso:
  - module: runbook.minikube.http_health_info
  - module: runbook.minikube.connectivity_probe
"""

EXAMPLES = r"""
- name: Find Services without a ready endpoint, and ports that do not answer
  runbook.minikube.service_endpoints_info:
    context: minikube
    namespace: todo
    node_address: 192.168.49.2
  register: endpoints

- name: Print a line for each Service, and the problems
  ansible.builtin.debug:
    msg: "{{ endpoints.summary }}"

- name: Fail if a Service has no ready endpoint, without connecting to it
  runbook.minikube.service_endpoints_info:
    context: minikube
    services: [frontend, backend-api]
    probe: false
  register: endpoints
  failed_when: not endpoints.healthy
"""

RETURN = r"""
healthy:
  description: Whether there are no RV(problems).
  returned: success
  type: bool
  sample: false
problems:
  description: What is wrong, with the next step.
  returned: success
  type: list
  elements: dict
  contains:
    service:
      description: Name of the Service.
      type: str
      sample: web
    category:
      description:
        - V(selector_matches_no_pod), V(another_namespace), V(scaled_to_zero), V(pods_not_created), V(pods_not_ready), V(pods_ended),
          V(target_port_not_found) (a name that no container gives to a port), V(no_selector), V(endpoints_outdated) (pods are ready, but
          Kubernetes has not recorded them), V(external_name_is_address), V(external_name_not_found), V(target_port_not_listening) or
          V(node_port_unreachable).
      type: str
      sample: selector_matches_no_pod
    message:
      description: The cause as a sentence.
      type: str
      sample: "Service web in namespace todo has no ready endpoint, because its selector app=web matches no pod in namespace todo; the
        nearest labels are app=web-frontend of Deployment web."
    hint:
      description: The next step.
      type: str
      sample: Correct spec.selector of the Service, or the labels in the pod template.
services:
  description: The Services.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the Service.
      type: str
      sample: frontend
    type:
      description: Type of the Service.
      type: str
      sample: NodePort
    cluster_ip:
      description: Its address in the cluster, V(None) if it is headless.
      type: str
      sample: 10.104.126.75
    selector:
      description: The labels of its pods.
      type: dict
      sample: {app.kubernetes.io/name: frontend}
    state:
      description: V(ready), V(no_endpoints) if a port has no ready endpoint, or V(external) for an ExternalName.
      type: str
      sample: ready
    ports:
      description: Its ports with their endpoints, and what answered there.
      type: list
      elements: dict
      sample:
        - port: 3000
          name: ""
          protocol: TCP
          target_port: 3000
          node_port: 30300
          endpoints: [{address: "10.244.0.21:3000", pod: frontend-5df74d65bf-tscm8, ready: true}]
          answers:
            - {where: cluster, url: "http://frontend.default.svc:3000/", answers: true, status: 200, detail: ""}
            - {where: node_port, url: "192.168.49.2:30300", answers: true, status: null, detail: ""}
    notes:
      description: What is worth knowing, for example that it is headless.
      type: list
      elements: str
      sample: []
summary:
  description: A line for each Service, then the problems with the next step.
  returned: success
  type: list
  elements: str
  sample:
    - "frontend (NodePort 10.104.126.75), selector app=frontend: port 3000 (NodePort 30300) -> 10.244.0.21:3000 of frontend-5df74d65bf-tscm8."
missing_permissions:
  description: The missing permissions.
  returned: when permissions are missing
  type: list
  elements: str
  sample:
    - list endpointslices in namespace todo
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.options import ARGUMENT_SPEC, EndpointsOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        result = report(observe(module.cluster, EndpointsOptions.of(module.params)))
    module.exit_json(changed=False, **result)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
