# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: health
short_description: Completes health checks with the URLs to ask
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Gives each check the URL at which its Service is reached over a NodePort.
options:
  _input:
    description: The checks, each with C(service) and, if wanted, C(path) and C(port).
    type: list
    elements: dict
    required: true
  services:
    description: The Services of the namespace, as M(kubernetes.core.k8s_info) returns them.
    type: list
    elements: dict
    required: true
  host:
    description: The address of a node.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Say where the frontend is
  ansible.builtin.debug:
    msg: "{{ [{'service': 'frontend', 'path': '/'}] | runbook.minikube.health(services.resources, '192.168.49.2') }}"
"""

RETURN = r"""
_value:
  description: The checks, each with C(url).
  type: list
  elements: dict
  sample:
    - service: frontend
      path: /
      url: http://192.168.49.2:30300/
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.health.addresses import checks_with_urls, differences


def health(checks, services, host):
    try:
        return checks_with_urls(checks, services, host)
    except RunbookError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"health": health, "differences": lambda actual, expected: differences(expected, actual)}
