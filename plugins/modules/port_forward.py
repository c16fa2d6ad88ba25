#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: port_forward
short_description: Forward local ports to Services, across restarts of their pods
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Starts a supervisor on the host where the module runs, which forwards local ports to Services through the Kubernetes API. It needs no
    C(kubectl), and keeps running after the playbook and the terminal have ended.
  - Unlike C(kubectl port-forward svc/NAME), it follows the Service and not one pod. Each connection goes to a ready endpoint. If a pod
    refuses it, another one gets it, and a client waits up to 20 seconds for a ready pod, for example during a rollout.
  - If the API server does not respond, or rejects the credentials, the supervisor reads the kubeconfig again, and connects again with growing
    pauses. It checks each forward every 10 seconds through the forward itself. See M(runbook.minikube.port_forward_info).
  - One supervisor serves all O(forwards) of its O(name). If they change, it is restarted, which ends open connections.
  - The module succeeds only when all forwards work. A port that is in use is never taken. The message names the process that has it, as far as
    the user may see that, and the process is left alone.
  - A supervisor is identified by its PID, its start time and the host's boot, so that no other process is ever ended.
  - Connections are forwarded to the pod's loopback interface, as with C(kubectl). TCP only. A supervisor serves 64 at a time, in equal parts for its
    forwards; further ones wait. It takes at most 64 MiB of memory.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.attributes
options:
  name:
    description: Name of the supervisor, for example that of the application.
    type: str
    required: true
  state:
    description:
      - V(present) starts the supervisor if it does not run, and restarts it if it serves something else.
      - V(restarted) always restarts it.
      - V(absent) ends it, and removes its files. The cluster is not contacted, and the other options have no effect.
    type: str
    choices: [present, absent, restarted]
    default: present
  namespace:
    description: Namespace of the Services.
    type: str
    default: default
  forwards:
    description: The Services to forward to. Required unless O(label_selector) or O(state=absent) is set.
    type: list
    elements: dict
    default: []
    suboptions:
      service:
        description: Name of the Service. It needs a selector, as only pods can be forwarded to.
        type: str
        required: true
      port:
        description: Port of the Service, by number or name. By default the first one.
        type: raw
      local_port:
        description:
          - The local port. By default the port of the Service. V(0) selects a free one, which is returned, and kept as long as the supervisor
            is not removed.
        type: int
      path:
        description:
          - Path of a URL to check the forward with, by HTTP. Without it, the forward works if a pod accepts the connection.
        type: str
        default: ""
      status:
        description: Expected HTTP status for O(forwards[].path). By default any below 400. Redirects are not followed.
        type: int
  label_selector:
    description:
      - Forwards to all Services with these labels too, each to its first port, at the same local port. Services without pods are left out.
    type: str
    default: ""
  address:
    description:
      - The IP address to listen at. With V(0.0.0.0) or V(::) everyone who reaches this host can use the forwards.
    type: str
    default: 127.0.0.1
  timeout:
    description: Seconds until a forward that does not work is a failure. The supervisor keeps trying then.
    type: int
    default: 60
  state_dir:
    description:
      - Folder for the records and logs of the supervisors of this user. Only the user can read it.
    type: path
    default: ~/.local/state/runbook.minikube-forwards
attributes:
  diff_mode:
    description: Reports the forwards before and after.
  idempotent:
    details: With O(state=restarted) each run restarts the supervisor.
notes:
  - "Needs C(get) and C(list) on C(services), C(list) on C(endpointslices), and C(get) and C(create) on C(pods/portforward), in the namespace."
  - Credentials in the module's options are passed to the supervisor by a pipe, and kept in its memory only. They are never in its arguments or files.
  - The supervisor ends with the host. Where systemd ends the processes of a user at logout (C(KillUserProcesses)), it ends with the session.
    RV(systemd_unit) starts it again at login. So that it runs from the host's start, also without a login, the user needs lingering
    (C(loginctl enable-linger)).
  - A supervisor whose folder in O(state_dir) is removed ends by itself.
seealso:
  - module: runbook.minikube.port_forward_info
  - module: runbook.minikube.http_health_info
"""

EXAMPLES = r"""
- name: Forward to the frontend and the API of an application
  runbook.minikube.port_forward:
    context: minikube
    name: todo
    forwards:
      - {service: frontend, local_port: 3000}
      - {service: backend-api, local_port: 8000, path: /health, status: 200}
  register: result

- name: Forward to a database at a free port
  runbook.minikube.port_forward:
    context: minikube
    name: database
    forwards:
      - {service: postgres, local_port: 0}
  register: database

- name: Show the port
  ansible.builtin.debug:
    msg: "{{ database.forwards[0].local }}"

- name: Forward to all Services of an application, for every host that reaches this one
  runbook.minikube.port_forward:
    context: minikube
    name: todo
    label_selector: app.kubernetes.io/part-of=todo
    address: 0.0.0.0

- name: Have systemd start the forwards at login
  when: result.systemd_unit
  block:
    - name: Write the unit
      ansible.builtin.copy:
        content: "{{ result.systemd_unit }}"
        dest: ~/.config/systemd/user/todo-forwards.service
        mode: "0600"

    - name: Enable it. The running supervisor has the ports, so it is started at the next login
      ansible.builtin.systemd_service:
        name: todo-forwards
        scope: user
        enabled: true
        daemon_reload: true

- name: End the supervisor
  runbook.minikube.port_forward:
    name: todo
    state: absent
"""

RETURN = r"""
msg:
  description: The forwards in one line.
  returned: success
  type: str
  sample: "Forwards: 127.0.0.1:3000 -> default/frontend:3000, 127.0.0.1:8000 -> default/backend-api:8000"
action:
  description: V(start), V(restart), V(stop), V(clean_up) (files of a supervisor that had ended) or V(none). In check mode the predicted one.
  returned: success
  type: str
  sample: start
reason:
  description: Why, empty with V(none).
  returned: success
  type: str
  sample: there was no supervisor
pid:
  description: PID of the supervisor. Null if it does not run, or in check mode would not yet.
  returned: success
  type: int
  sample: 4711
log:
  description: Path of the supervisor's log. Empty with O(state=absent).
  returned: success
  type: str
  sample: /home/me/.local/state/runbook.minikube-forwards/todo/log
systemd_unit:
  description:
    - A systemd user unit that starts the supervisor at login, with the same local ports and C(Restart=on-failure). See the example.
    - Empty where systemd does not run, if the options contain credentials, which are stored in no file, if the module does not run from an installed
      collection, in check mode, and with O(state=absent).
  returned: success
  type: str
  sample: ""
forwards:
  description: The forwards. Empty with O(state=absent).
  returned: success, and when forwards do not work
  type: list
  elements: dict
  contains:
    service:
      description: Name of the Service.
      type: str
      returned: always
      sample: backend-api
    namespace:
      description: Its namespace.
      type: str
      returned: always
      sample: default
    port:
      description: Its port.
      type: int
      returned: always
      sample: 8000
    address:
      description: The IP address at which the supervisor listens.
      type: str
      returned: always
      sample: 127.0.0.1
    local_port:
      description: The local port. V(0) in check mode if a free one would be selected.
      type: int
      returned: always
      sample: 8000
    local:
      description: Address and port for a client on this host. Empty while the port is not known.
      type: str
      returned: always
      sample: 127.0.0.1:8000
    url:
      description: The URL of the health check, empty without one.
      type: str
      returned: always
      sample: http://127.0.0.1:8000/health
    path:
      description: The path of the health check.
      type: str
      returned: always
      sample: /health
    status:
      description: The expected HTTP status, V(0) for any below 400.
      type: int
      returned: always
      sample: 200
    healthy:
      description: Whether it works. Null before the first check.
      type: bool
      returned: always
      sample: true
    problem:
      description: What is wrong, empty if nothing is.
      type: str
      returned: always
      sample: ""
    since:
      description: Since when it is healthy or not, in UTC.
      type: str
      returned: always
      sample: "2025-03-01T12:00:00+00:00"
    reconnects:
      description: How often it was healthy again after a problem.
      type: int
      returned: always
      sample: 0
    connections:
      description: Number of connections, including those of health checks.
      type: int
      returned: always
      sample: 12
    failures:
      description: Number of connections that could not be forwarded, or broke.
      type: int
      returned: always
      sample: 0
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.connection import AUTH_ARG_SPEC
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.options import ARGUMENT_SPEC, PortForwardOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.report import diff, report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.run import run as forward
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {"writes": True}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = PortForwardOptions.of(module.params, AUTH_ARG_SPEC)
        result = forward(lambda: module.cluster, options, module.check_mode)
    for warning in result.plan.warnings:
        module.warn(warning)
    module.exit_json(**report(result), diff=diff(result.plan))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
