#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: port_forward_info
short_description: Report forwards to Services, and whether they work
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Reports the supervisors of M(runbook.minikube.port_forward) of this user, their forwards, and the last lines of their logs.
  - The cluster is not contacted. Each supervisor checks its forwards every 10 seconds, and records the result.
extends_documentation_fragment:
  - runbook.minikube.attributes.read_only
options:
  name:
    description: Name of the supervisor. By default all are reported.
    type: str
    default: ""
  log_lines:
    description: Number of last lines of each log.
    type: int
    default: 20
  state_dir:
    description: Folder for the records and logs of the supervisors of this user.
    type: path
    default: ~/.local/state/runbook.minikube-forwards
requirements:
  - python >= 3.11
seealso:
  - module: runbook.minikube.port_forward
"""

EXAMPLES = r"""
- name: Read the forwards
  runbook.minikube.port_forward_info:
  register: result

- name: Fail if one of them does not work
  ansible.builtin.assert:
    that: result.healthy
    fail_msg: "{{ result.supervisors | map(attribute='log') | flatten | join('\n') }}"

- name: Read one supervisor with more of its log
  runbook.minikube.port_forward_info:
    name: todo
    log_lines: 100
"""

RETURN = r"""
healthy:
  description: Whether all supervisors run, and all their forwards work. True without a supervisor.
  returned: success
  type: bool
  sample: true
supervisors:
  description: The supervisors, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: todo
    running:
      description: Whether its process runs.
      type: bool
      returned: always
      sample: true
    pid:
      description: PID of the process. Null if it does not run.
      type: int
      returned: always
      sample: 4711
    user:
      description: Its user.
      type: str
      returned: always
      sample: me
    since:
      description: When it was started, in UTC.
      type: str
      returned: always
      sample: "2025-03-01T12:00:00+00:00"
    target:
      description: The cluster, by context, kubeconfig and host.
      type: dict
      returned: always
      sample: {context: minikube, kubeconfig: /home/me/.kube/config, host: ""}
    forwards:
      description: The forwards, as M(runbook.minikube.port_forward) returns them.
      type: list
      elements: dict
      returned: always
      sample:
        - service: backend-api
          namespace: default
          port: 8000
          address: 127.0.0.1
          local_port: 8000
          local: 127.0.0.1:8000
          url: http://127.0.0.1:8000/health
          path: /health
          status: 200
          healthy: true
          problem: ""
          since: "2025-03-01T12:00:00+00:00"
          reconnects: 0
          connections: 12
          failures: 0
    log:
      description: The last lines of its log, with control characters made visible.
      type: list
      elements: str
      returned: always
      sample:
        - "2025-03-01T12:00:00+00:00 127.0.0.1:8000 -> default/backend-api:8000: works"
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.options import INFO_SPEC, InfoOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.report import info
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

ARGUMENT_SPEC = INFO_SPEC
SETTINGS: dict = {"connects": False}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        result = info(InfoOptions.of(module.params))
    module.exit_json(changed=False, **result)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
