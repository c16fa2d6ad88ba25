#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connectivity_probe
short_description: Asks from inside workloads' pods whether Dapr serves them
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Runs inside the application's container of a running pod of each workload, and asks the Dapr sidecar there for its health and its metadata,
    as the application itself would ask it. A sidecar that is stuck passes its liveness probe, so nobody else may tell.
  - The container needs nothing but what an application has, C(python3) (3.8 or later), C(node) (18 or later), or C(sh) with C(curl) or C(wget).
    Nothing is installed and no file is written. Proxies of the environment are not used.
  - With O(publish) one event is published from the first of the O(workloads), and by default only to a topic to which no sidecar of O(workloads)
    shows a subscription. Workloads that are not named are not asked, so the topic should be one that is for probes only.
  - Where the sidecar asks for an API token, it is given the one that the container has in E(DAPR_API_TOKEN). It does not leave the container.
    C(wget) does not send it, as it would stand in the arguments of a process.
  - What is not healthy is no failure of the module. It ends well with RV(healthy=false) and RV(problems).
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
options:
  namespace:
    description: Namespace of the workloads.
    type: str
    default: default
  workloads:
    description: The workloads to ask from. Each has to have a running pod with a Dapr sidecar.
    type: list
    elements: dict
    required: true
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
  container:
    description:
      - The container to ask from. By default it is the one that the annotation C(kubectl.kubernetes.io/default-container) names, else
        the first one that runs and is no injected sidecar.
    type: str
  all_pods:
    description: Asks from every running pod of the workloads. By default it is one of each, a ready one if there is.
    type: bool
    default: false
  publish:
    description: An event to publish. Without it nothing is published.
    type: dict
    suboptions:
      pubsub:
        description: Name of the pub/sub component. The sidecar has to have loaded it.
        type: str
        required: true
      topic:
        description: The topic.
        type: str
        required: true
      data:
        description:
          - The event's data. By default C(probe) is true in them, and C(id) is random. Whoever may list processes in the node can read
            them where C(sh) sends them, so they should hold no secret.
        type: dict
      to_consumers:
        description:
          - Publishes even where the application is subscribed to the topic, so that it acts on the event, or where a sidecar other than
            the publishing one does not tell its subscriptions.
        type: bool
        default: false
  timeout:
    description: Seconds for each request to the sidecar, at least 1.
    type: int
    default: 5
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
    details: Everything is read, and RV(would_publish) says what would be published.
  diff_mode:
    description: Reports what changed.
    support: none
    details: Only an event is ever sent.
  idempotent:
    description: A second run changes nothing.
    support: partial
    details: With O(publish) each run publishes an event.
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
notes:
  - "Needs C(list) on C(pods) and on the kinds of O(workloads), on C(replicasets) too where one is a Deployment, and C(get) and C(create)
    on C(pods/exec), in the namespace."
  - An event has a time to live of 60 seconds, after which sidecars drop it. A broker that knows no time to live keeps it as long as any other.
seealso:
  - module: runbook.minikube.dapr_info
  - module: runbook.minikube.rollout
"""

EXAMPLES = r"""
- name: Ask whether Dapr serves the backend
  runbook.minikube.connectivity_probe:
    context: minikube
    workloads:
      - {kind: Deployment, name: backend-api}
      - {kind: Deployment, name: audit-service}
  register: probe

- name: Stop where it does not
  ansible.builtin.assert:
    that: probe.healthy
    fail_msg: "{{ probe.problems | join('\n') }}"

- name: Prove that an event reaches the broker, without a consumer
  runbook.minikube.connectivity_probe:
    context: minikube
    workloads:
      - {kind: Deployment, name: backend-api}
    publish: {pubsub: pubsub, topic: runbook-probe}

- name: Let the application act on an event, asked from one container of every pod
  runbook.minikube.connectivity_probe:
    context: minikube
    workloads:
      - {kind: StatefulSet, name: worker}
    container: worker
    all_pods: true
    publish:
      pubsub: pubsub
      topic: task-events
      data: {type: probe}
      to_consumers: true
"""

RETURN = r"""
healthy:
  description: Whether there are no RV(problems).
  returned: success
  type: bool
  sample: false
problems:
  description: What is wrong, where, and what to do about it, as sentences.
  returned: success
  type: list
  elements: str
  sample:
    - "Dapr in pod default/backend-api-7c9f-x2x4p of Deployment/backend-api is stuck: port 3500 takes connections, and no answer comes.
      Its liveness probe may pass all the same, so nobody restarts it. The playbook recover_dapr.yml re-creates the pod."
workloads:
  description: What was seen from each pod that was asked from.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the workload.
      type: str
      sample: Deployment
    name:
      description: Name of the workload.
      type: str
      sample: backend-api
    pod:
      description: The pod.
      type: str
      sample: backend-api-7c9f-x2x4p
    container:
      description: The container.
      type: str
      sample: backend-api
    program:
      description: What of the container made the requests, V(python), V(node), V(sh+curl) or V(sh+wget).
      type: str
      sample: python
    dapr:
      description:
        - What the sidecar answers. A status is null where there was no answer. A body is empty where BusyBox's C(wget) asked for it
          and the status is one of failure.
      type: dict
      sample:
        http_port: 3500
        healthy: true
        health: {status: 204, body: ""}
        outbound: {status: 204}
        app_id: backend-api
        version: 1.16.0
        components:
          - {name: pubsub, type: pubsub.redis, version: v1, capabilities: []}
        subscriptions:
          - {pubsub: pubsub, topic: task-events, paths: [/events/task]}
        app: {port: 8000, protocol: http}
        actors: {status: RUNNING, types: []}
        problem: ""
published:
  description: The event that was sent, from where, and the HTTP status of the answer, which is null where none came.
  returned: when an event was sent
  type: dict
  sample: {pubsub: pubsub, topic: runbook-probe, workload: Deployment/backend-api, status: 204}
would_publish:
  description: The event that would be sent, and from where.
  returned: in check mode, when an event would be sent
  type: dict
  sample: {pubsub: pubsub, topic: runbook-probe, workload: Deployment/backend-api}
"""

from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.run import run
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

WORKLOAD = {
    "kind": {"type": "str", "choices": ["Deployment", "StatefulSet", "DaemonSet"], "required": True},
    "name": {"type": "str", "required": True},
}

PUBLISH = {
    "pubsub": {"type": "str", "required": True},
    "topic": {"type": "str", "required": True},
    "data": {"type": "dict"},
    "to_consumers": {"type": "bool", "default": False},
}

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "workloads": {"type": "list", "elements": "dict", "required": True, "options": WORKLOAD},
    "container": {"type": "str"},
    "all_pods": {"type": "bool", "default": False},
    "publish": {"type": "dict", "options": PUBLISH},
    "timeout": {"type": "int", "default": 5},
}


def main():
    module = RunbookModule(ARGUMENT_SPEC)
    with module.clear_failures():
        module.exit_json(**run(module.cluster, module.params, module.check_mode))


if __name__ == "__main__":
    main()
