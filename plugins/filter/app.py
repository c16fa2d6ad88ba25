# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter runbook.minikube.app."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.complete import complete_app
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

DOCUMENTATION = r"""
name: app
short_description: Validate and complete the description of an application
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Merges O(overrides) over the description, validates it, adds defaults, and returns what the roles of this collection read, each
    under its own key.
  - All errors are reported together, each with its path in the file, for example C(runbook_app.images[1].context).
  - The value of a secret is never part of an error.
positional: directory
options:
  _input:
    description:
      - The description of the application, usually the variable C(runbook_app).
      - Keys are V(name), V(namespace), V(images), V(manifests), V(secrets), V(workloads), V(health), V(address), V(database), V(duplicates) and V(auth).
      - Each member of V(health) is a check of M(runbook.minikube.http_health_info), with V(name), V(service), V(port), V(path), V(status), V(json),
        V(via) and V(url).
      - V(address) is where users reach the application, V(service), V(port) and V(path). V(via) is V(nodeport) (default), V(forward) (a forward to this
        host, which M(runbook.minikube.port_forward) keeps, and with C(forward=true) C(deploy.yml) starts), V(ingress) or V(loadbalancer), and V(url) its
        scheme and host if they cannot be read in the cluster. Without V(via) the members of V(health) go over NodePorts if the address does, and
        otherwise through the API server.
      - V(events) in V(duplicates) lists the tables with events, with the options of M(runbook.minikube.event_dedup) from V(table) to V(index), and
        V(requests) the tables with rows that a repeated call creates twice, with V(table), V(schema), V(columns) and V(time_column) of
        M(runbook.minikube.request_duplicates_info). The defaults are the guide's C(audit_log) and C(task).
      - V(auth) contains the Secret and key of Better Auth's secret (V(secret), V(key)), the V(service) and V(path) of its server, and in V(verify)
        a V(service) and V(path) that require its tokens. Workloads with V(signs) are its auth servers. Keys that V(copy) its secret get the same value.
      - V(verify_cookies) in V(auth) lists a V(service) and V(path) of each service that verifies session cookies itself, and V(origin) is the
        application's own address if it is not that of the NodePort.
      - V(verifiers) in V(auth) lists the Secrets with such a key whose workloads verify session cookies with each secret of C(BETTER_AUTH_SECRETS),
        and the key from which they take that list (V(secret), V(versions_key)). They accept all new cookies while the secret is rotated.
      - V(tables) in V(auth) has the options of M(runbook.minikube.auth_reencrypt) about tables that the application has renamed or does not use
        (V(table), V(schema), V(columns), V(table_names), V(column_names), V(additional_columns), V(unused), V(unscanned)), and V(algorithm) its
        option of that name.
    type: dict
    required: true
  directory:
    description: Absolute folder in which relative paths of the description start, usually that of its file.
    type: str
    required: true
  overrides:
    description:
      - Merged over the description before the validation. Mappings are merged key by key.
      - Lists of named members (images, secrets, workloads, health) are merged by name; other lists are replaced.
    type: dict
    default: {}
notes:
  - A folder in V(manifests) means its files that end in C(.yml), C(.yaml) or C(.json), with C(.j2) after that or not, by name, without
    subfolders.
seealso:
  - plugin: runbook.minikube.app_check
    plugin_type: module
  - plugin: runbook.minikube.app_secrets
    plugin_type: module
"""

EXAMPLES = r"""
- name: Complete the description that the role app has read
  ansible.builtin.set_fact:
    app: "{{ runbook_app | runbook.minikube.app(app_source.directory) }}"

- name: Complete it for another namespace, with one image built from another folder
  ansible.builtin.set_fact:
    app: "{{ runbook_app | runbook.minikube.app(app_source.directory, overrides=changes) }}"
  vars:
    changes:
      namespace: staging
      images:
        - name: backend-api
          context: /home/me/backend
"""

RETURN = r"""
_value:
  description: The complete description. V(rollout) contains the workloads as M(runbook.minikube.rollout) takes them,
    V(images) the images as M(runbook.minikube.minikube_image) does, where C(context) is C(path), and V(checks) the address and the health
    checks as M(runbook.minikube.http_health_info) does.
  type: dict
  sample:
    name: todo
    namespace: default
    images:
      - name: backend-api
        path: /home/me/todo/backend
        dockerfile: Dockerfile
        args: {}
        target: null
        archive: null
        tag: null
    manifests:
      - /home/me/todo/manifests/backend-api.yml.j2
    secrets:
      - name: postgres
        data:
          password:
            generate: 32
    workloads:
      - kind: Deployment
        name: backend-api
        signs: false
        dapr: true
    rollout:
      - kind: Deployment
        name: backend-api
        dapr: true
    health:
      - name: backend-api
        service: backend-api
        path: /health
        status: 200
        json:
          status: healthy
        via: null
        url: ""
    address:
      service: frontend
      port: null
      path: /
      via: nodeport
      url: ""
      forward: false
    checks:
      - name: address
        service: frontend
        port: null
        path: /
        via: nodeport
        url: ""
      - name: backend-api
        service: backend-api
        path: /health
        status: 200
        json:
          status: healthy
        via: nodeport
        url: ""
    database: null
    duplicates:
      events:
        - table: audit_log
          schema: null
          column: details
          path: [event_id]
          operator: '->>'
          order_by: [timestamp]
          consumer_column: null
          ignored_columns: null
          ignored_keys: null
          index: null
      requests:
        - table: task
          schema: null
          columns: [user_id, title]
          time_column: created_at
    auth:
      secret: frontend-secrets
      key: better-auth-secret
      service: frontend
      path: /api/auth
      verify:
        service: backend-api
        path: /api/tasks
      verify_cookies:
        - service: backend-api
          path: /api/tasks
      origin: ""
      verifiers:
        - secret: backend-api-secrets
          versions_key: better-auth-secrets
      algorithm: null
      tables:
        table: null
        schema: null
        columns: null
        table_names: null
        column_names: null
        additional_columns: null
        unused:
          - twoFactor
        unscanned: null
      servers:
        - workload: Deployment/frontend
      secrets:
        - secret: frontend-secrets
          key: better-auth-secret
        - secret: backend-api-secrets
          key: better-auth-secret
"""


def app(description, directory, overrides=None):
    """Completes a description; see DOCUMENTATION. Raises AnsibleFilterError with all problems."""
    if not isinstance(directory, str):
        raise AnsibleFilterError("runbook.minikube.app needs the folder of the description: runbook_app | runbook.minikube.app(directory)")
    try:
        return complete_app(description, directory, overrides)
    except RunbookError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """The filters of this file by name."""

    def filters(self):
        """The filters for Ansible."""
        return {"app": app}
