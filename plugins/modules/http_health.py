#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: http_health
short_description: Asks the health URLs of Services over their NodePorts
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Asks all URLs at once, each until it answers as expected or the time is over, and fails with what was wrong with the last answers.
  - The user needs the verb C(list) on C(services) in the namespace.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - runbook.minikube.read_only
options:
  namespace:
    description: Namespace of the Services.
    type: str
    default: default
  node_address:
    description: Address of a node.
    type: str
    required: true
  checks:
    description: What to ask.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What a person calls it.
        type: str
        required: true
      service:
        description: The Service to ask. It needs a NodePort.
        type: str
        required: true
      port:
        description: Port of the Service, by name or number. The first one by default.
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
        description: What the answer, as JSON, holds at least.
        type: dict
  timeout:
    description: Seconds until a URL that does not answer as expected has failed.
    type: int
    default: 60
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
"""

EXAMPLES = r"""
- name: Ask whether the backend reaches its database
  runbook.minikube.http_health:
    context: minikube
    node_address: 192.168.49.2
    checks:
      - name: backend
        service: backend-api
        path: /health
        json: {status: healthy}

- name: Ask two Services, for two minutes at most
  runbook.minikube.http_health:
    context: minikube
    namespace: todo
    node_address: 192.168.49.2
    timeout: 120
    checks:
      - {name: frontend, service: frontend}
      - {name: metrics, service: backend-api, port: metrics, path: /metrics}
"""

RETURN = r"""
checks:
  description: What each URL answered.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What a person calls it.
      type: str
      returned: always
      sample: backend
    url:
      description: What was asked.
      type: str
      returned: always
      sample: http://192.168.49.2:30800/health
    healthy:
      description: Whether it answered as expected.
      type: bool
      returned: always
      sample: true
    problem:
      description: What was wrong with the last answer, empty where nothing was.
      type: str
      returned: always
      sample: ""
    attempts:
      description: How often it was asked.
      type: int
      returned: always
      sample: 1
    seconds:
      description: For how long it was asked.
      type: float
      returned: always
      sample: 0.02
"""

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.health.addresses import checks_with_urls
from ansible_collections.runbook.minikube.plugins.module_utils.health.ask import ask_all
from ansible_collections.runbook.minikube.plugins.module_utils.health.options import ARGUMENT_SPEC
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        services = module.cluster.list("Service", module.params["namespace"])
        checks = checks_with_urls(module.params["checks"], services, module.params["node_address"])
        answers = ask_all(checks, module.params["timeout"])
        failed = [f"{answer['name']} at {answer['url']} {answer['problem']}" for answer in answers if not answer["healthy"]]
        if failed:
            raise RunbookError("; ".join(failed) + ". Look at the logs of the pods behind these Services.", checks=answers)
    module.exit_json(changed=False, checks=answers)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
