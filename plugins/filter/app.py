# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter runbook.minikube.app."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.module_utils.app.complete import complete_app
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

DOCUMENTATION = r"""
name: app
short_description: Checks and completes the description of an application
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Merges O(overrides) over the description, checks all of it, completes what was left out, and returns what every role of this
    collection reads, each under its own key.
  - All errors are reported together, each with its path in the file, for example C(runbook_app.images[1].context).
  - The value of a secret is never part of an error.
positional: directory
options:
  _input:
    description:
      - The description of the application, usually the variable C(runbook_app).
      - Keys are V(name), V(namespace), V(images), V(manifests), V(secrets), V(workloads), V(health), V(address), V(database) and V(auth).
      - V(auth) says where Better Auth's secret stands (V(secret), V(key)), which V(service) and V(path) its server answers under, and in V(verify)
        which V(service) and V(path) ask for its tokens. Workloads with V(signs) sign with it; keys that V(copy) that secret have to hold the same.
    type: dict
    required: true
  directory:
    description: Absolute folder that relative paths of the description start from, usually that of its file.
    type: str
    required: true
  overrides:
    description:
      - Merged over the description before it is checked. Mappings are merged key by key.
      - Lists of named things (images, secrets, workloads, health) are merged by name; other lists are replaced.
    type: dict
    default: {}
notes:
  - A folder in V(manifests) stands for its files that end in C(.yml), C(.yaml), C(.yml.j2) or C(.yaml.j2), by name, without subfolders.
seealso:
  - plugin: runbook.minikube.app_check
    plugin_type: module
  - plugin: runbook.minikube.app_secrets
    plugin_type: module
"""

EXAMPLES = r"""
- name: Complete the description that the role app has read
  ansible.builtin.set_fact:
    app: "{{ runbook_app | runbook.minikube.app(app_found.directory) }}"

- name: The same application in another namespace, with one image built from another folder
  ansible.builtin.set_fact:
    app: "{{ runbook_app | runbook.minikube.app(app_found.directory, overrides=changes) }}"
  vars:
    changes:
      namespace: staging
      images:
        - name: backend-api
          context: /home/me/backend
"""

RETURN = r"""
_value:
  description: The complete description. V(rollout) holds the workloads in the form that the module M(runbook.minikube.rollout) takes.
  type: dict
  sample:
    name: todo
    namespace: default
    images:
      - name: backend-api
        context: /home/me/todo/backend
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
    address:
      service: frontend
      path: /
    database: null
    auth:
      secret: frontend-secrets
      key: better-auth-secret
      service: frontend
      path: /api/auth
      verify:
        service: backend-api
        path: /api/tasks
      signers:
        - workload: Deployment/frontend
      places:
        - secret: frontend-secrets
          key: better-auth-secret
        - secret: backend-api-secrets
          key: better-auth-secret
"""


def app(description, directory, overrides=None):
    """Completes a description; see DOCUMENTATION. Raises AnsibleFilterError with every problem found."""
    if not isinstance(directory, str):
        raise AnsibleFilterError("runbook.minikube.app needs the folder of the description: runbook_app | runbook.minikube.app(directory)")
    try:
        return complete_app(description, directory, overrides)
    except RunbookError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file by name."""

    def filters(self):
        """Ansible asks for the filters here."""
        return {"app": app}
