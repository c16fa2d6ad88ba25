#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dapr_recovery
short_description: Recover Dapr on Kubernetes, its control plane and the sidecars of its applications
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Checks the objects of the Helm release, the control plane, the trust bundle, the injection of sidecars, and every pod that is annotated for one, and
    fixes only what is broken. A healthy Dapr is not changed.
  - "In this order: objects of the deployed revision that are missing or differ, custom resource definitions too, are restored from what Helm stored;
    the trust anchors of the trust bundle's Secret are copied to its ConfigMap; sentry, operator, placement, injector and scheduler are recovered one
    after the other, each waited for; the CA bundle of the webhook is updated; then applications get working sidecars."
  - An object differs if a server-side dry run of its restoration would change it. What Dapr itself writes (the trust bundle, CA bundles) is not compared,
    and more replicas than the release has are kept.
  - If a node is not ready, or no DNS server of the cluster, that is reported, and nothing above it is restarted.
  - Dapr reloads changed trust anchors only once. So if the ConfigMap does not match the Secret, all components that read it are restarted. If it
    has been repaired since, only the components whose log shows that they loaded the wrong anchors are restarted.
  - No application is restarted unless a server-side dry run of a pod in its namespace gets a sidecar with the current trust anchors and the image of
    the release. The injector answers only controllers and the group C(system:masters), so for other users its objects are checked instead.
  - A broken pod that does not serve is evicted, which honours PodDisruptionBudgets; with the permission to delete it, one whose budget counts only
    ready pods is deleted, as with the policy C(AlwaysAllow). A pod of a Deployment that serves without a working sidecar is replaced by a rolling
    restart, which starts its successor first, other pods one after the other. It is left where no node takes its successor, or another revision is
    not ready. Pods without a controller and those of Jobs are reported, never deleted. What is prevented ends nothing else.
  - A cure leaves its trace in the annotation C(runbook.minikube/dapr-recovery) of the workload. One that did not help is not repeated.
  - A probe through a port-forward distinguishes a stuck sidecar from one whose application does not listen. Only the first is recreated. A daprd that
    ended for a cause that is not known is reported with its last lines.
  - What a restart cannot fix, and workloads whose pods cannot be created, are returned in RV(problems), with the next step. The module does not fail
    because of it.
  - Waits up to a minute for pods that were just started, in check mode too, as they may become ready without a recovery.
  - The required permissions are in C(docs/rights/dapr_recovery.yml), those for O(allow_new_ca) in C(docs/rights/dapr_recovery_new_ca.yml) in addition.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.attributes
options:
  namespace:
    description: Namespace of the control plane.
    type: str
    default: dapr-system
  release:
    description: Name of Dapr's Helm release. Without a release, required objects that are missing are only reported.
    type: str
    default: dapr
  app_namespaces:
    description: Namespaces of the applications. By default all.
    type: list
    elements: str
  components:
    description: Names of Dapr components that must exist in each of O(app_namespaces).
    type: list
    elements: str
  allow_new_ca:
    description:
      - Lets Sentry create a new certificate authority if the current one is lost or has expired. The whole control plane is restarted,
        and every pod with a sidecar is recreated. The previous Secret is backed up in the same namespace.
    type: bool
    default: false
  timeout:
    description: Seconds for each step. A step that is certain to fail ends the recovery at once, with its cause.
    type: int
    default: 300
attributes:
  check_mode:
    details: Problems that only the recovery itself reveals are not predicted, among them PodDisruptionBudgets.
  diff_mode:
    description: Reports what changed, or would change.
requirements:
  - cryptography >= 42.0.0
seealso:
  - module: runbook.minikube.dapr_info
  - module: runbook.minikube.rollout
"""

EXAMPLES = r"""
- name: Predict the recovery of Dapr
  runbook.minikube.dapr_recovery:
    context: minikube
  check_mode: true
  register: dapr

- name: Recover Dapr for one application
  runbook.minikube.dapr_recovery:
    context: minikube
    app_namespaces: [default]
    components: [pubsub]

- name: Recover Dapr after the loss of its certificate authority
  runbook.minikube.dapr_recovery:
    context: minikube
    allow_new_ca: true
"""

RETURN = r"""
actions:
  description: The actions that were taken, or in check mode would be, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    operation:
      description:
        - V(back_up), V(clear_trust_bundle), V(sync_configmap), V(create), V(restore), V(scale), V(set_ca_bundle), V(recreate_pod),
          V(restart_component) or V(rolling_restart).
      type: str
      returned: always
      sample: recreate_pod
    kind: &kind
      description: Kind of the object.
      type: str
      returned: always
      sample: Pod
    name:
      description: Name of the object.
      type: str
      returned: always
      sample: dapr-operator-6b7c4f8d9-x2k4q
    namespace:
      description: Its namespace, empty for a cluster-scoped object.
      type: str
      returned: always
      sample: dapr-system
    cause:
      description: Category of the problem.
      type: str
      returned: always
      sample: name_conflict
    evidence:
      description: What was observed.
      type: str
      returned: always
      sample: "container dapr-operator cannot be created: a leftover container on the node has the same name (CreateContainerError)"
    message:
      description: The action as a sentence.
      type: str
      returned: always
      sample: "recreate Pod dapr-operator-6b7c4f8d9-x2k4q in namespace dapr-system: container dapr-operator cannot be created"
problems:
  description: Problems that need manual action, after the recovery.
  returned: success
  type: list
  elements: dict
  contains:
    kind: *kind
    name:
      description: Name of the object.
      type: str
      returned: always
      sample: backend-api-7d9f-abcde
    namespace:
      description: Its namespace.
      type: str
      returned: always
      sample: default
    cause:
      description: Category of the problem.
      type: str
      returned: always
      sample: application_not_listening
    evidence:
      description: What was observed.
      type: str
      returned: always
      sample: daprd answers /v1.0/healthz with HTTP status 500 (dapr is not ready), because the application does not listen on port 8000
    next_step:
      description: The manual action.
      type: str
      returned: always
      sample: Let the application listen on port 8000, or correct dapr.io/app-port; its log shows why it does not.
    message:
      description: The problem as a sentence.
      type: str
      returned: always
      sample: "Pod backend-api-7d9f-abcde in namespace default: daprd answers /v1.0/healthz with HTTP status 500"
notes:
  description: Further information, for example certificates that expire within 30 days.
  returned: success
  type: list
  elements: str
  sample: []
healthy:
  description: Whether no action and no problem remains. In check mode, whether that is the case now.
  returned: success
  type: bool
  sample: true
sidecars:
  description: Number of pods that are annotated for a sidecar, and of those that have one.
  returned: success
  type: dict
  sample:
    expected: 3
    present: 3
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.options import RecoveryOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.recover import Recovery
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.libraries import CERTIFICATES, CLUSTER
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "dapr-system"},
    "release": {"type": "str", "default": "dapr"},
    "app_namespaces": {"type": "list", "elements": "str"},
    "components": {"type": "list", "elements": "str"},
    "allow_new_ca": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 300},
}

SETTINGS = {"writes": True, "required_by": {"components": "app_namespaces"}, "libraries": lambda _params: [*CLUSTER, *CERTIFICATES]}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        recovery = Recovery(module.cluster, RecoveryOptions.of(module.params))
        if module.check_mode:
            state, plan = recovery.predict()
            module.exit_json(**report(state, plan, plan.actions))
        state, plan = recovery.run()
    module.exit_json(**report(state, plan, recovery.done))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
