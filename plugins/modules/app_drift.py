#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: app_drift
short_description: Says in one look what of an application in its cluster is not as its description says
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Asks for everything at once, from images in the node over Secrets, manifests and workloads to health URLs, and lists each difference.
    Changes nothing.
  - What counts as a difference is what the module for that part would change. Manifests are sent to the API server as a dry run of a
    server-side apply. So RV(in_place) says that the whole deployment would change nothing.
  - What can't be looked at, as the cluster does not answer or a permission is missing, counts as a difference and says why.
    A deployment that follows says what to do about it.
  - The user needs the verbs C(get) and C(patch) on the kinds of O(objects), C(list) on C(nodes), C(services) and C(secrets), and what
    M(runbook.minikube.rollout) needs to read.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - runbook.minikube.read_only
options:
  context:
    description: Name of the context. It has to be named, the current one is never taken for granted.
    type: str
    required: true
  allowed_contexts:
    description: Names of contexts that may be looked at although they are not Minikube profiles.
    type: list
    elements: str
    default: []
  minikube_homes:
    description:
      - Folders to look for Minikube profiles in, as in E(MINIKUBE_HOME).
      - Where none is given, that variable or the home directory.
    type: list
    elements: path
    default: []
  namespace:
    description: Namespace of the application.
    type: str
    default: default
  node_address:
    description: The address that a node shall have, and at which health URLs are asked.
    type: str
    default: ""
  images:
    description: The options that M(runbook.minikube.minikube_image) builds the application's images with.
    type: dict
    default: {}
  secrets:
    description: The Secrets, as M(runbook.minikube.app_secrets) takes them. Given values are never shown.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the Secret.
        type: str
        required: true
      data:
        description: Where the value of each key comes from.
        type: dict
        required: true
  objects:
    description:
      - The manifests. A container whose image is the name of one of O(images) is expected to have that image's reference.
      - Namespaced ones name their namespace.
    type: list
    elements: dict
    default: []
  field_manager:
    description: The field manager under which the manifests are applied.
    type: str
    default: runbook-deploy
  force_conflicts:
    description: Whether applying takes over fields of other managers. Otherwise such a conflict is a difference.
    type: bool
    default: false
  rollouts:
    description: For each group of workloads that shall serve, the options of M(runbook.minikube.rollout).
    type: list
    elements: dict
    default: []
  releases:
    description: Helm releases that shall be installed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the release.
        type: str
        required: true
      namespace:
        description: Its namespace.
        type: str
        required: true
      values:
        description: The values that it is installed with, all of them.
        type: dict
        default: {}
  checks:
    description: Health URLs that shall answer, as M(runbook.minikube.http_health) takes them. Each is asked once.
    type: list
    elements: dict
    default: []
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
  - docker >= 7.1.0, for O(images)
seealso:
  - module: runbook.minikube.minikube_image
  - module: runbook.minikube.app_secrets
  - module: runbook.minikube.rollout
  - module: runbook.minikube.http_health
"""

EXAMPLES = r"""
- name: Is the backend still what its manifest says, and does it serve?
  runbook.minikube.app_drift:
    context: minikube
    objects: "{{ query('ansible.builtin.file', 'backend.yml') | map('from_yaml') }}"
    rollouts:
      - workloads:
          - {kind: Deployment, name: backend-api}
  register: look

- name: Tell what is not
  ansible.builtin.debug:
    msg: "{{ item.part }} {{ item.name }}: {{ item.says }}"
  loop: "{{ look.drift }}"
"""

RETURN = r"""
in_place:
  description: Whether everything is as expected.
  returned: success
  type: bool
  sample: false
msg:
  description: The differences, one a line.
  returned: success
  type: str
  sample: "object Deployment backend-api: differs in spec.template.spec.containers[0].image"
drift:
  description: The differences. No value of anything stands in them.
  returned: success
  type: list
  elements: dict
  contains:
    part:
      description: V(cluster), V(release), V(base_image), V(image), V(secret), V(object), V(workload) or V(health).
      type: str
      returned: always
      sample: object
    name:
      description: What it is about, empty where all of the part is.
      type: str
      returned: always
      sample: Deployment backend-api
    says:
      description: The difference, or why it can't be known.
      type: str
      returned: always
      sample: differs in spec.template.spec.containers[0].image
checks:
  description: What the health URLs answered, as M(runbook.minikube.http_health) returns it. Empty where they could not be asked.
  returned: success
  type: list
  elements: dict
  sample:
    - name: frontend
      url: http://192.168.49.2:30300/api/health
      healthy: true
      problem: ""
      attempts: 1
      seconds: 0.01
"""

import dataclasses
import os

from ansible_collections.runbook.minikube.plugins.module_utils.drift.intake import expectation_of
from ansible_collections.runbook.minikube.plugins.module_utils.drift.look import look
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import CLUSTER, ENGINE
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.intake import Intake, without_values
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.options import SECRETS
from ansible_collections.runbook.minikube.plugins.module_utils.target.observe import resolve

RELEASE = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "values": {"type": "dict", "default": {}},
}
ARGUMENT_SPEC = {
    "context": {"type": "str", "required": True},
    "allowed_contexts": {"type": "list", "elements": "str", "default": []},
    "minikube_homes": {"type": "list", "elements": "path", "default": []},
    "namespace": {"type": "str", "default": "default"},
    "node_address": {"type": "str", "default": ""},
    "images": {"type": "dict", "default": {}},
    "secrets": {**SECRETS, "default": []},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "field_manager": {"type": "str", "default": "runbook-deploy"},
    "force_conflicts": {"type": "bool", "default": False},
    "rollouts": {"type": "list", "elements": "dict", "default": []},
    "releases": {"type": "list", "elements": "dict", "default": [], "options": RELEASE},
    "checks": {"type": "list", "elements": "dict", "default": []},
}


def libraries(params):
    """The Docker SDK too, where images are looked for."""
    return [*CLUSTER, *(ENGINE if params["images"] else ())]


SETTINGS: dict = {"shown": {"secrets": without_values}, "libraries": libraries}


def run(module):
    """Ends by exit_json or fail_json."""
    intake = Intake(module)
    with module.clear_failures():
        expected = expectation_of(module.params, intake.sources())
        resolve(module.params, os.environ)
        found = look(expected, lambda: module.cluster, module.run_command, intake.generate)
    drift = [dataclasses.asdict(difference) for difference in found.drift]
    msg = "\n".join(map(str, found.drift)) or "Everything is as described."
    module.exit_json(changed=False, in_place=not drift, msg=msg, drift=drift, checks=found.answers)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
