#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dapr_recovery
short_description: Brings Dapr back on Kubernetes, its control plane and the sidecars of its applications
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Looks at the control plane, the trust bundle, the injector's webhook, and every pod that asks for a sidecar, and does only what is needed.
    A healthy Dapr is not touched.
  - "In this order: objects of the Helm release that are missing come back from the manifest that Helm stored; the trust bundle's ConfigMap gets the
    anchors of its Secret; sentry, operator, placement, injector and scheduler are brought back one after the other, each waited for; the webhook
    gets its CA bundle; then applications get working sidecars."
  - Dapr takes over changed anchors only once. So where the ConfigMap has other anchors than the Secret, all that read it are restarted; where it was
    repaired since, those whose log tells that they took over the former ones.
  - One broken pod is evicted, which honours PodDisruptionBudgets; a workload all of whose pods lack a working sidecar is rolled. Pods without a
    controller and those of Jobs are reported, never deleted.
  - A sidecar that is stuck is told from one whose application does not listen by asking it, through a port-forward. Only the first is made anew.
  - What a restart would not cure stands in RV(problems), with the next step. The module does not fail for it.
  - Waits up to a minute for what has just been started, in check mode too, as a cluster that moves can't be judged.
  - The rights that it needs are in C(docs/rights/dapr_recovery.yml).
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
options:
  namespace:
    description: Namespace of the control plane.
    type: str
    default: dapr-system
  release:
    description: Name of Dapr's Helm release. Without a release, objects that are missing are reported.
    type: str
    default: dapr
  app_namespaces:
    description: Namespaces of the applications. By default all.
    type: list
    elements: str
  components:
    description: Names of Dapr components that have to be in each of O(app_namespaces).
    type: list
    elements: str
  allow_new_ca:
    description:
      - Lets Sentry make a new certificate authority where the present one is lost or ran out. The whole control plane is restarted,
        and every pod with a sidecar is made anew. A copy of the former Secret is kept beside it.
    type: bool
    default: false
  timeout:
    description: Seconds for each step. A step that is certain to fail ends the run at once, with its cause.
    type: int
    default: 300
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
    details: What the recovery itself brings to light is not predicted.
  diff_mode:
    description: Reports what changed, or would change.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - cryptography >= 42.0.0
seealso:
  - module: runbook.minikube.dapr_info
  - module: runbook.minikube.rollout
"""

EXAMPLES = r"""
- name: See what is wrong with Dapr, and what would be done
  runbook.minikube.dapr_recovery:
    context: minikube
  check_mode: true
  register: dapr

- name: Bring Dapr back for one application
  runbook.minikube.dapr_recovery:
    context: minikube
    app_namespaces: [default]
    components: [pubsub]

- name: Start again with a new certificate authority, as the former one is lost
  runbook.minikube.dapr_recovery:
    context: minikube
    allow_new_ca: true
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be, in its order.
  returned: always
  type: list
  elements: dict
  contains:
    what:
      description:
        - V(back_up), V(empty_trust_bundle), V(publish_anchors), V(create), V(restore), V(scale), V(set_ca_bundle), V(recreate_pod),
          V(restart_component) or V(roll).
      type: str
      returned: always
      sample: recreate_pod
    kind:
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
      description: Its namespace, empty for an object of the whole cluster.
      type: str
      returned: always
      sample: dapr-system
    cause:
      description: The class of what is wrong.
      type: str
      returned: always
      sample: name_conflict
    evidence:
      description: What was seen.
      type: str
      returned: always
      sample: "container dapr-operator can't be created: a left-over container in the node holds its name (CreateContainerError)"
    says:
      description: All of it as a sentence.
      type: str
      returned: always
      sample: "make Pod dapr-operator-6b7c4f8d9-x2k4q anew in namespace dapr-system: container dapr-operator can't be created"
problems:
  description: What is wrong and needs a person, after the run.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object.
      type: str
      returned: always
      sample: Pod
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
      description: The class of what is wrong.
      type: str
      returned: always
      sample: application_not_listening
    evidence:
      description: What was seen.
      type: str
      returned: always
      sample: daprd answers /v1.0/healthz with HTTP status 500 (dapr is not ready), as nothing listens on the application's port 8000
    next_step:
      description: What to do.
      type: str
      returned: always
      sample: Let the application listen on port 8000, or correct dapr.io/app-port; its log tells why it does not.
    says:
      description: All of it as a sentence.
      type: str
      returned: always
      sample: "Pod backend-api-7d9f-abcde in namespace default: daprd answers /v1.0/healthz with HTTP status 500"
notes:
  description: What is worth knowing, for example certificates that run out within 30 days.
  returned: success
  type: list
  elements: str
  sample: []
healthy:
  description: Whether nothing is left to be done by anybody. In check mode, whether that is so now.
  returned: success
  type: bool
  sample: true
sidecars:
  description: How many pods ask for a sidecar, and how many have one.
  returned: success
  type: dict
  sample:
    asked_for: 3
    there: 3
"""

from ansible_collections.runbook.minikube.plugins.module_utils.dapr.look import Scope
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.recover import Recovery, report
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import CERTIFICATES, CLUSTER
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "dapr-system"},
    "release": {"type": "str", "default": "dapr"},
    "app_namespaces": {"type": "list", "elements": "str"},
    "components": {"type": "list", "elements": "str"},
    "allow_new_ca": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 300},
}

SETTINGS = {"required_by": {"components": "app_namespaces"}, "libraries": lambda _params: [*CLUSTER, *CERTIFICATES]}


def run(module):
    """Ends by exit_json or fail_json."""
    params = module.params
    scope = Scope(params["namespace"], tuple(params["app_namespaces"] or ()), tuple(params["components"] or ()), params["release"])
    with module.clear_failures():
        recovery = Recovery(module.cluster, scope, params["allow_new_ca"], params["timeout"])
        if module.check_mode:
            found, plan = recovery.predict()
            module.exit_json(**report(found, plan, plan.actions))
        found, plan = recovery.run()
    module.exit_json(**report(found, plan, recovery.done))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
