#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dapr_resources_info
short_description: List Dapr's components, subscriptions and configurations
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Lists the Component, Subscription and Configuration objects of a namespace. Values of a component's metadata are not returned, as they may be
    secrets.
  - Sidecars read components when they start. M(runbook.minikube.connectivity_probe) reports what each sidecar has loaded, and the subscriptions
    that applications declare themselves.
  - A kind that cannot be read is one of RV(problems), and the others are returned. Subscriptions cannot be read without Dapr's operator.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.attributes.read_only
options:
  namespace:
    description: Namespace of the objects.
    type: str
    default: default
notes:
  - Needs C(list) on C(components), C(subscriptions) and C(configurations) of C(dapr.io) in the namespace.
seealso:
  - module: runbook.minikube.connectivity_probe
  - module: runbook.minikube.dapr_info
"""

EXAMPLES = r"""
- name: List Dapr's resources
  runbook.minikube.dapr_resources_info:
    context: minikube
  register: resources

- name: Require a component for publishing events in another namespace
  runbook.minikube.dapr_resources_info:
    context: minikube
    namespace: todo
  register: resources
  failed_when: "'pubsub' not in (resources.components | map(attribute='name'))"
"""

RETURN = r"""
components:
  description: The components. Without scopes a component is for all applications of the namespace.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: pubsub, type: pubsub.redis, version: v1, scopes: [backend-api, audit-service], secrets: [redis-secrets]}
subscriptions:
  description: The declared subscriptions.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: tasks, pubsub: pubsub, topic: task-events, paths: [/events/task], dead_letter_topic: "", scopes: [audit-service]}
configurations:
  description: The configurations.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: tracing}
problems:
  description: The kinds that could not be read, and why.
  returned: success
  type: list
  elements: str
  sample: []
summary:
  description: A line for each object, then the problems.
  returned: success
  type: list
  elements: str
  sample:
    - "Component pubsub: pubsub.redis v1, values from Secret redis-secrets"
missing_permissions:
  description: The missing permissions.
  returned: when permissions are missing
  type: list
  elements: str
  sample:
    - list components.dapr.io in namespace default
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.resources import ARGUMENT_SPEC, observe, report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        result = report(*observe(module.cluster, module.params["namespace"]))
    module.exit_json(changed=False, **result)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
