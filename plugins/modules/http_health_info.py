#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: http_health_info
short_description: Check the health URLs of Services
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Requests all URLs in parallel, each until its response is as expected or the timeout expires. Fails with what was wrong with the last responses.
  - Needs C(list) on C(services) in the namespace. With O(checks[].via=forward) also C(get) on C(services/proxy), and with
    O(checks[].via=ingress) C(list) on C(ingresses).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.attributes.read_only
options:
  namespace:
    description: Namespace of the Services.
    type: str
    default: default
  node_address:
    description: Address of a node, for O(checks[].via=nodeport).
    type: str
    default: ""
  checks:
    description: The URLs to check, and their expected responses.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Display name.
        type: str
        required: true
      service:
        description: The Service.
        type: str
        required: true
      port:
        description: Port of the Service, by name or number. By default the first one.
        type: raw
      path:
        description: Path and query of the URL.
        type: str
        default: /
      status:
        description: Expected HTTP status. Redirects are followed unless one is expected.
        type: int
        default: 200
      json:
        description: Expected subset of the JSON body.
        type: dict
      via:
        description:
          - How users reach the Service. V(nodeport) requests its NodePort, V(ingress) the URL of the first rule of an Ingress that leads to it, and
            V(loadbalancer) the address that its load balancer has assigned.
          - V(forward) stands for a forward to this host (M(runbook.minikube.port_forward)), which need not run. The API server requests
            the Service from inside of the cluster, without credentials. So it also checks a Service that users do not reach at all.
        type: str
        choices: [nodeport, forward, ingress, loadbalancer]
        default: nodeport
      url:
        description: Scheme and host at which users reach the Service. By default they are read in the cluster.
        type: str
  timeout:
    description: Seconds after which an unsuccessful check fails.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Check whether the backend reaches its database
  runbook.minikube.http_health_info:
    context: minikube
    node_address: 192.168.49.2
    checks:
      - name: backend
        service: backend-api
        path: /health
        json: {status: healthy}

- name: Check two Services, for at most two minutes
  runbook.minikube.http_health_info:
    context: minikube
    namespace: todo
    node_address: 192.168.49.2
    timeout: 120
    checks:
      - {name: frontend, service: frontend}
      - {name: metrics, service: backend-api, port: metrics, path: /metrics}

- name: Check a Service without a NodePort, and one behind an Ingress
  runbook.minikube.http_health_info:
    context: minikube
    checks:
      - {name: backend, service: backend-api, path: /health, via: forward}
      - {name: frontend, service: frontend, via: ingress}
"""

RETURN = r"""
checks:
  description: The result of each check.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Display name.
      type: str
      returned: always
      sample: backend
    url:
      description: The URL at which users reach it. With V(forward) it works only while a forward runs.
      type: str
      returned: always
      sample: http://192.168.49.2:30800/health
    service_url:
      description: The URL inside of the cluster.
      type: str
      returned: always
      sample: http://backend-api.default.svc:8000/health
    via:
      description: How users reach the Service.
      type: str
      returned: always
      sample: nodeport
    healthy:
      description: Whether its response was as expected.
      type: bool
      returned: always
      sample: true
    problem:
      description: What was wrong with the last response, empty if nothing was.
      type: str
      returned: always
      sample: ""
    attempts:
      description: Number of requests.
      type: int
      returned: always
      sample: 1
    seconds:
      description: Duration of the check.
      type: float
      returned: always
      sample: 0.02
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.options import ARGUMENT_SPEC, HealthOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.report import failure_message
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        results = observe(module.cluster, HealthOptions.of(module.params))
        failure = failure_message(results)
        if failure:
            raise RunbookError(failure, checks=results)
    module.exit_json(changed=False, checks=results)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
