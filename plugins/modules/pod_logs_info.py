#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pod_logs_info
short_description: Read the last log lines of workloads' pods
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Reads the logs of all pods of the named workloads, or of those with a label, in parallel, as C(kubectl logs) does. At most the 20 newest pods
    of each are read. With O(pattern), the last matching lines are returned.
  - Lines are bounded in length, control characters are visible, and colors are removed. What looks like a credential is masked (users and passwords
    of URLs, tokens, values that are assigned to a password, secret, token or cookie). Logs may contain other secrets, so read them before you share them.
  - A module cannot follow a log. RV(follow_commands) are the command lines of C(kubectl) that do.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.attributes.read_only
options:
  namespace:
    description: Namespace of the pods.
    type: str
    default: default
  workloads:
    description: The workloads. Either this or O(label_selector).
    type: list
    elements: dict
    suboptions:
      kind:
        description: Kind of the workload.
        type: str
        choices: [Deployment, StatefulSet, DaemonSet]
        required: true
      name:
        description: Name of the workload.
        type: str
        required: true
  label_selector:
    description: Labels of the pods, for example C(app=backend-api).
    type: str
  container:
    description:
      - The container, for example V(daprd), or an init container. By default the one that the annotation C(kubectl.kubernetes.io/default-container)
        names, else the first that is not an injected sidecar.
    type: str
  previous:
    description: Whether to read the log of the container's previous run, as after a crash.
    type: bool
    default: false
  lines:
    description: Number of last lines of each container, from 1 to 2000.
    type: int
    default: 50
  since_seconds:
    description: Return only lines of these last seconds.
    type: int
  pattern:
    description: A regular expression of Python that is searched in the last 100000 lines. By default all lines are returned.
    type: str
notes:
  - Needs C(list) on C(pods) and C(get) on C(pods/log) in the namespace.
seealso:
  - module: runbook.minikube.rollout
"""

EXAMPLES = r"""
- name: Find requests that were executed twice
  runbook.minikube.pod_logs_info:
    context: minikube
    workloads:
      - {kind: Deployment, name: mcp-server}
    pattern: DUPLICATE
  register: logs

- name: Print the lines
  ansible.builtin.debug:
    msg: "{{ logs.summary }}"

- name: Read what Dapr's sidecar logged before its last restart
  runbook.minikube.pod_logs_info:
    context: minikube
    label_selector: app=backend-api
    container: daprd
    previous: true
    lines: 20
"""

RETURN = r"""
logs:
  description: The logs of the containers.
  returned: success
  type: list
  elements: dict
  contains:
    pod:
      description: The pod.
      type: str
      sample: mcp-server-7945bc46dc-v488w
    container:
      description: The container.
      type: str
      sample: mcp-server
    lines:
      description: The last lines, or the last matching ones.
      type: list
      elements: str
      sample: ["WARNING: DUPLICATE TASK CREATION DETECTED"]
    matches:
      description: Number of matching lines, of which the last are returned. Without O(pattern) that of the returned lines.
      type: int
      sample: 1
    problem:
      description: Why there is no log, for example since the container has not started, or had no previous run.
      type: str
      sample: ""
matches:
  description: Number of matching lines of all containers.
  returned: success
  type: int
  sample: 1
follow_commands:
  description: Command lines that follow the logs, one for each workload.
  returned: success
  type: list
  elements: str
  sample:
    - kubectl --context=minikube -n default logs -f --tail=50 deployment/mcp-server -c mcp-server | grep --line-buffered -E DUPLICATE
summary:
  description: The same as lines for a person.
  returned: success
  type: list
  elements: str
  sample:
    - "Pod mcp-server-7945bc46dc-v488w, container mcp-server: the last 1 of 1 lines that match"
    - "  WARNING: DUPLICATE TASK CREATION DETECTED"
missing_permissions:
  description: The missing permissions.
  returned: when permissions are missing
  type: list
  elements: str
  sample:
    - get pods/log in namespace default
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.logs.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.logs.options import ARGUMENT_SPEC, RULES, LogOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.logs.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = RULES


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = LogOptions.of(module.params)
        result = report(observe(module.cluster, options), options)
    module.exit_json(changed=False, **result)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
