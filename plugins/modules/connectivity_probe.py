#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connectivity_probe
short_description: Check connections and Dapr from inside workloads' pods
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Runs inside a running container of a workload, as the application itself would connect from there. The container needs only a program that
    applications usually have, and nothing is installed and no file is written. Proxies of the environment are not used.
  - "With O(targets) or O(database) it resolves each name, connects to each address by itself with times, and where requested does a TLS handshake, an
    HTTP request or C(SELECT 1). With C(node) it also connects as Node.js does by default, with the settings that the running process has. It returns
    the cause: a name that does not exist, a DNS server, a refused or an unanswered connection, a NetworkPolicy that selects the pod, TLS, HTTP, the
    database, or Node.js' network family selection (Happy Eyeballs), which ends attempts that only take longer, with C(AggregateError) and
    C(ETIMEDOUT). The playbook C(recover_network.yml) cures the latter."
  - "For connections: C(node) (16 or later), C(python3) (3.8 or later), or C(sh) with C(nc), C(bash) or C(curl), with which TLS is not checked. The
    URL in a variable of the container does not leave it; host and port are returned."
  - Without O(targets) and O(database), or with O(dapr), it requests the health and the metadata of a workload's Dapr sidecar. It detects a stuck
    sidecar, which passes its liveness probe, so that Kubernetes does not report it. For that the container needs C(python3) (3.8 or later), C(node)
    (18 or later), or C(sh) with C(curl) or C(wget).
  - With O(publish), one event is published from the first of the O(workloads). By default it is published only to a topic to which none of
    O(workloads) is subscribed. Other workloads are not checked, so use a topic that is reserved for probes.
  - If the sidecar requires an API token, the one in the container's E(DAPR_API_TOKEN) is sent. It does not leave the container.
    C(wget) does not send it, as it would be visible in the arguments of a process.
  - The module does not fail for an unhealthy connection or sidecar. It returns RV(healthy=false) and RV(problems).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
options:
  namespace:
    description: Namespace of the workloads.
    type: str
    default: default
  workloads:
    description: The workloads to check. Each needs a running pod, and with O(dapr) a Dapr sidecar in it.
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
      - The container from which to send the requests. By default the one that the annotation C(kubectl.kubernetes.io/default-container) names, else
        the first running one that is not an injected sidecar.
    type: str
  all_pods:
    description: Whether to check every running pod of the workloads. By default one pod of each, a ready one if possible.
    type: bool
    default: false
  targets:
    description: What to connect to.
    type: list
    elements: dict
    suboptions:
      host:
        description: Host name or IP address. Either this or O(targets[].env).
        type: str
      env:
        description: Environment variable of the container with a URL, of which host and port are used. Containers without it are reported.
        type: str
      port:
        description: Port. Required, unless O(targets[].scheme) has a default. With O(targets[].env) it is used if the URL has none.
        type: int
      scheme:
        description: What follows the connection. V(tls) and V(https) verify the certificate, V(http) and V(https) request O(targets[].path).
        type: str
        choices: [tcp, tls, http, https]
        default: tcp
      path:
        description: Path to request. A status of 500 or more is a problem.
        type: str
        default: /
  database:
    description: A PostgreSQL database, to which C(SELECT 1) is sent from the container, with its own URL and driver.
    type: dict
    suboptions:
      env:
        description: Environment variable of the container with the URL.
        type: str
        default: DATABASE_URL
      required:
        description: Whether a container without the variable is a problem. If V(false), the database is not checked from there.
        type: bool
        default: true
  dapr:
    description: Whether to check the Dapr sidecars. By default only without O(targets) and O(database).
    type: bool
  publish:
    description: An event to publish. Without it nothing is published.
    type: dict
    suboptions:
      pubsub:
        description: Name of the pub/sub component. The sidecar must have loaded it.
        type: str
        required: true
      topic:
        description: The topic.
        type: str
        required: true
      data:
        description:
          - The event's data. By default C(probe) is true and C(id) is random. If C(sh) sends the event, everyone who can list processes in
            the node can read the data, so it should contain no secret.
        type: dict
      allow_subscribed:
        description:
          - Whether to publish even if an application is subscribed to the topic and so processes the event, or if the subscriptions of
            a sidecar other than the publishing one are unknown.
        type: bool
        default: false
  timeout:
    description: Seconds for each request and each connection, at least 1.
    type: int
    default: 5
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
    details: Everything is read, and RV(would_publish) is the event that would be published.
  diff_mode:
    description: Reports what changed.
    support: none
    details: The only change is an event.
  idempotent:
    description: A second run changes nothing.
    support: partial
    details: With O(publish) each run publishes an event.
notes:
  - "Needs C(list) on C(pods) and on the kinds of O(workloads), on C(replicasets) too where one is a Deployment, and C(get) and C(create)
    on C(pods/exec), in the namespace."
  - "If a connection has no answer, C(networkpolicies) and C(services) are listed too; without C(list) on them no NetworkPolicy is named."
  - An event has a time to live of 60 seconds, after which sidecars drop it. A broker without support for it keeps the event as long as any other.
seealso:
  - module: runbook.minikube.dapr_info
  - module: runbook.minikube.nodejs_network_options
  - module: runbook.minikube.rollout
"""

EXAMPLES = r"""
- name: Check from the frontend why the database cannot be reached
  runbook.minikube.connectivity_probe:
    context: minikube
    workloads:
      - {kind: Deployment, name: frontend}
    database: {env: DATABASE_URL}

- name: Check an API of the cluster and one outside from the pod of a backend
  runbook.minikube.connectivity_probe:
    context: minikube
    workloads:
      - {kind: Deployment, name: backend-api}
    targets:
      - {host: mcp-server, port: 8001}
      - {host: api.openai.com, scheme: https, path: /v1/models}

- name: Check the Dapr sidecars of two workloads
  runbook.minikube.connectivity_probe:
    context: minikube
    workloads:
      - {kind: Deployment, name: backend-api}
      - {kind: Deployment, name: audit-service}
  register: probe

- name: Fail if one of them is not healthy
  ansible.builtin.assert:
    that: probe.healthy
    fail_msg: "{{ probe.problems | join('\n') }}"

- name: Verify that an event reaches the broker, without a consumer
  runbook.minikube.connectivity_probe:
    context: minikube
    workloads:
      - {kind: Deployment, name: backend-api}
    publish: {pubsub: pubsub, topic: runbook-probe}

- name: Let the application process an event, and check every pod from one of its containers
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
      allow_subscribed: true
"""

RETURN = r"""
healthy:
  description: Whether there are no RV(problems).
  returned: success
  type: bool
  sample: false
problems:
  description: What is wrong, where, and the next step, as sentences.
  returned: success
  type: list
  elements: str
  sample:
    - "Dapr in pod default/backend-api-7c9f-x2x4p of Deployment/backend-api is stuck: port 3500 accepts connections, but does not answer;
      its liveness probe only opens a connection, so the kubelet does not restart it. Recreate the pod with the playbook recover_dapr.yml."
notes:
  description: What else is known, as sentences.
  returned: success
  type: list
  elements: str
  sample: []
workloads:
  description: The result for each pod.
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
      description: The program in the container that connected or sent the requests, V(python), V(node), V(sh), V(sh+curl) or V(sh+wget).
      type: str
      sample: python
    node:
      description:
        - Node.js' settings for connections as the running process has them, null without Node.js or without a check of connections. The
          runtime is V(node), V(bun) or V(deno). Of E(NODE_OPTIONS) only the flags for connections are returned. The source is a file of
          the application that sets family selection itself.
      type: dict
      sample:
        runtime: node
        process_found: true
        version: v20.20.2
        options: ""
        auto_select_family: true
        attempt_timeout_ms: 250
        result_order: verbatim
        source: ""
    connections:
      description:
        - The result for each of O(targets), then for O(database). Times are milliseconds. A failure is the operating system's code, or
          V(TIMEOUT) after O(timeout). Node's result is that of three connections as it makes them by default.
        - The cause is empty, or V(url), V(name_not_found), V(dns_no_answer), V(network_policy), V(no_answer), V(refused), V(unreachable),
          V(happy_eyeballs), V(address_order), V(node), V(tls), V(http) or V(database).
      type: list
      elements: dict
      sample:
        - host: db.example.org
          port: 5432
          env: DATABASE_URL
          scheme: tcp
          dns: {ms: 4, failure: "", addresses: [192.0.2.10, "2001:db8::10"]}
          tcp:
            - {address: 192.0.2.10, family: 4, ms: 1031, failure: ""}
            - {address: "2001:db8::10", family: 6, ms: 1, failure: ENETUNREACH}
          tls: null
          http: null
          node:
            ms: 263
            failure: ETIMEDOUT
            errors:
              - {code: ETIMEDOUT, address: 192.0.2.10}
              - {code: ENETUNREACH, address: "2001:db8::10"}
          database: null
          healthy: false
          cause: happy_eyeballs
          problem: "db.example.org:5432 from pod default/frontend-1 of Deployment/frontend: Node.js v20.20.2 ends each attempt after 250 ms"
    dapr:
      description:
        - The sidecar's responses. A status is null if there was no response. The body of an error is empty if BusyBox's C(wget) sent
          the request. Null if the sidecar was not checked.
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
  description: The event that was sent, from which workload, and the HTTP status of the response, which is null if there was none.
  returned: when an event was sent
  type: dict
  sample: {pubsub: pubsub, topic: runbook-probe, workload: Deployment/backend-api, status: 204}
would_publish:
  description: The event that would be sent, and from which workload.
  returned: in check mode, when an event would be sent
  type: dict
  sample: {pubsub: pubsub, topic: runbook-probe, workload: Deployment/backend-api}
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.options import DATABASE, TARGET
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.options import WORKLOAD, ProbeOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.run import run as probe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

PUBLISH = {
    "pubsub": {"type": "str", "required": True},
    "topic": {"type": "str", "required": True},
    "data": {"type": "dict"},
    "allow_subscribed": {"type": "bool", "default": False},
}

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "workloads": {"type": "list", "elements": "dict", "required": True, "options": WORKLOAD},
    "container": {"type": "str"},
    "all_pods": {"type": "bool", "default": False},
    "targets": {"type": "list", "elements": "dict", "options": TARGET},
    "database": {"type": "dict", "options": DATABASE},
    "dapr": {"type": "bool"},
    "publish": {"type": "dict", "options": PUBLISH},
    "timeout": {"type": "int", "default": 5},
}

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        result = probe(module.cluster, ProbeOptions.of(module.params), module.check_mode)
    module.exit_json(**result)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
