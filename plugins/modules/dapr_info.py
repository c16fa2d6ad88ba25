#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dapr_info
short_description: Report whether Dapr is installed as requested, and whether its control plane is ready
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Reads the Helm release of Dapr, as Helm stores it in the cluster, and the workloads of the control plane. Neither Helm nor a chart is needed.
  - Compares the objects of the deployed revision, and its custom resource definitions, with the cluster, as M(runbook.minikube.dapr_recovery) does.
options:
  release:
    description:
      - Name of the Helm release.
    type: str
    default: dapr
  namespace:
    description:
      - Namespace of the release and of the control plane.
    type: str
    default: dapr-system
  release_values:
    description:
      - The complete values that the release is expected to have. They are compared, never returned.
    type: dict
    default: {}
  workloads:
    description:
      - The workloads of the control plane.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description:
          - Kind of the workload.
        type: str
        choices: [Deployment, StatefulSet]
        required: true
      name:
        description:
          - Name of the workload.
        type: str
        required: true
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.attributes.read_only
notes:
  - "Needs C(list) of C(secrets), C(deployments) and C(statefulsets) in the namespace. Kinds of the release that may not be read are not compared."
seealso:
  - module: kubernetes.core.helm
    description: Installs the release.
"""

EXAMPLES = r"""
- name: Check Dapr
  runbook.minikube.dapr_info:
    context: minikube
    release_values:
      global:
        tag: 1.16.0
    workloads:
      - kind: Deployment
        name: dapr-operator
  register: dapr

- name: Print what is not ready
  ansible.builtin.debug:
    msg: "{{ dapr.problems }}"
  when: dapr.problems | length > 0
"""

RETURN = r"""
installed:
  description: Whether the release is deployed with exactly these values.
  returned: success
  type: bool
  sample: true
release:
  description: The latest revision of the release. The status is empty if there is none.
  returned: success
  type: dict
  sample:
    status: deployed
    revision: 1
    chart: dapr-1.16.0
version:
  description: The version of Dapr that the deployed revision installs. Empty if there is none.
  returned: success
  type: str
  sample: 1.16.0
last_good_revision:
  description: The last revision that was deployed, to which C(helm rollback) goes after an interrupted upgrade. V(0) if there is none.
  returned: success
  type: int
  sample: 1
drift:
  description: How the cluster differs from the deployed revision, as sentences. Empty if it does not.
  returned: success
  type: list
  elements: str
  sample: ["Service dapr-api does not exist"]
problems:
  description: Why the control plane is not ready, as sentences. Empty if it is ready.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.helm_release import (
    deployed_revision,
    last_good_revision,
    latest_revision,
    manifest_objects,
    release_secrets,
    released_version,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.observe_release import release_drift
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.readiness import observe_readiness
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

WORKLOAD = {
    "kind": {"type": "str", "choices": ["Deployment", "StatefulSet"], "required": True},
    "name": {"type": "str", "required": True},
}

ARGUMENT_SPEC = {
    "release": {"type": "str", "default": "dapr"},
    "namespace": {"type": "str", "default": "dapr-system"},
    "release_values": {"type": "dict", "default": {}},
    "workloads": {"type": "list", "elements": "dict", "default": [], "options": WORKLOAD},
}

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    params = module.params
    with module.clear_failures():
        secrets = release_secrets(module.cluster, params["release"], params["namespace"])
        release = latest_revision(secrets)
        version = released_version(manifest_objects(deployed_revision(secrets), params["namespace"]))
        drift = release_drift(module.cluster, secrets, params["namespace"])
        problems = observe_readiness(module.cluster, params["namespace"], params["workloads"])
    installed = release.status == "deployed" and release.values == params["release_values"]
    module.exit_json(
        changed=False, installed=installed, release=release.to_dict(), version=version, last_good_revision=last_good_revision(secrets),
        drift=drift, problems=problems,
    )


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
