#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: rollout
short_description: Update, restart or roll back workloads and wait for completion, failing fast with the cause
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Waits for the rollouts of Deployments, StatefulSets and DaemonSets of one namespace, many at once. On request it first sets their images,
    environment and replicas, restarts them, or rolls them back to a previous revision. Values that are set already are not changed.
  - Succeeds only when the new revision is complete, that is, when its controller has observed the change, all pods are of the new revision,
    every container is ready, and a pod with Dapr enabled has its sidecar.
  - Fails as soon as the cause is certain, with the pod, the container, the reason, the last log lines and the next step.
    Only pods of the new revision count, so broken pods of a previous one do not fail a good rollout.
  - Watches the API (one list and one watch per kind) instead of polling it. If everything is complete at the start, no watch is opened.
  - A workload that is scaled to zero is complete, with a warning. For a workload with an autoscaler, the module waits for the number of
    replicas that the autoscaler sets, even if that changes during the wait. A workload that is paused, or that has old pods and the update
    strategy C(OnDelete), is reported as a failure.
options:
  workloads:
    description:
      - The workloads, all in O(namespace).
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description:
          - The kind of the workload.
        type: str
        required: true
        choices: [Deployment, StatefulSet, DaemonSet]
      name:
        description:
          - The name of the workload.
        type: str
        required: true
      dapr:
        description:
          - Whether the pods need a C(daprd) container. V(true) also requires the annotation C(dapr.io/enabled) in the pod template,
            V(false) requires no sidecar.
          - If not set, the annotation of each pod decides.
        type: bool
      images:
        description:
          - Mapping of container names to image references, as in C(kubectl set image). V(*) stands for all containers that are not named, including
            init containers.
          - A reference that is set already is not a change, even if it points to another image now.
        type: dict
      env:
        description:
          - Mapping of container names to variables. V(*) stands for all containers, including init containers. A mapping of variables without
            container names applies to all containers as well.
          - A value of V(null) removes the variable. A reference to a Secret or ConfigMap is replaced by the value.
          - Values are stored in the workload, where many users can read them, and appear in this module's invocation. Use a Secret for
            secrets. Values are not shown in the diff.
        type: dict
      replicas:
        description:
          - The number of replicas. It is refused for a DaemonSet, and if a HorizontalPodAutoscaler would change it back.
        type: int
  namespace:
    description:
      - The namespace of all workloads.
    type: str
    default: default
  state:
    description:
      - V(complete) waits until the new revision is complete.
      - V(rolled_back) first rolls every workload back to a previous revision, see O(to_revision).
        The pod template of that revision is restored exactly; replicas are not changed.
        Pods of a StatefulSet that are not ready and belong to the revision that is rolled back are deleted, as its controller would wait for
        them forever.
    type: str
    choices: [complete, rolled_back]
    default: complete
  to_revision:
    description:
      - The revision to restore with O(state=rolled_back). For a Deployment, a number that it had before a rollback renumbered it is
        accepted too.
      - V(0) means the newest revision other than the current one. Repeating such a rollback changes nothing, and does not roll forward. To go
        further back, set the revision.
      - A workload that is at that revision already is not changed.
    type: int
    default: 0
  history:
    description:
      - Whether the result lists the revisions that each workload's controller keeps.
    type: bool
    default: false
  change_cause:
    description:
      - The change cause of the new revision, which C(kubectl rollout history) shows (annotation C(kubernetes.io/change-cause)).
      - By default it lists the changes, the user and the host. It is recorded with O(workloads[].images), O(workloads[].env) and
        O(state=rolled_back), as these create a revision.
      - If set, it is also recorded for a new revision that C(runbook-deploy) applied just before the call, followed by the differences
        from the last good revision, and the user. A revision that already has its own change cause keeps it.
    type: str
    default: ""
  force_conflicts:
    description:
      - Whether to take over fields that another field manager owns. Otherwise the module fails with the manager and the field, and changes
        nothing.
      - Changes are made as C(runbook-deploy), the field manager with which this collection applies manifests, so that the next deploy sets
        these fields without a conflict.
    type: bool
    default: false
  rollback_on_failure:
    description:
      - After a failure, or when O(timeout) expires, every workload of the call with a new revision is rolled back to its last good
        revision, and the module waits, for O(timeout) once more, until these are complete again. The module still fails, and reports the
        cause first, then what was rolled back. Workloads that are complete already are rolled back too, as what was deployed together is
        rolled back together.
      - A revision is new if it was not complete when the call began, and is not recorded as the last good one.
        It does not matter who created it, so this also works if the manifests were applied just before the call.
      - The last good revision is one that still has ready pods. If it has no pods left (the strategy C(Recreate), one replica of a
        StatefulSet), it is the one in the annotation C(runbook.minikube/served), which the module writes whenever it has observed a revision
        as complete. That record, like O(change_cause), creates no revision and is not counted as a change.
      - Only the pod template is rolled back. Replicas, and other objects that were applied, such as a ConfigMap, are not changed.
        Pods of a StatefulSet that are stuck at a previous revision are deleted, before and after, as its controller would wait for them
        forever.
      - Fields that another manager applies server-side are not taken over without O(force_conflicts).
        A first revision, and a workload that is paused or has the update strategy C(OnDelete), are not rolled back, which the failure reports.
    type: bool
    default: false
  restart:
    description:
      - V(always) replaces the pods of all workloads before the wait, as C(kubectl rollout restart) does, as the field manager
        C(runbook-rollout). This is a change each time.
      - V(if_stale) does the same only for stale workloads, whose pods would get other values or another image if they were recreated. Either
        a Secret or ConfigMap that a container reads into its environment, or mounts as a single file (C(subPath)), was written after that
        container had started, or the node has another image for its reference, see O(image_ids). Files of a whole volume don't count, as
        they are updated while the container runs. A second run restarts nothing.
      - If such a Secret or ConfigMap was written later and is not in O(changed_secrets) or O(changed_config_maps), its values are compared with those in the
        containers, and equal values cause no restart. If they cannot be compared, the time decides. No value is returned.
      - V(never) changes nothing.
    type: str
    choices: [never, always, if_stale]
    default: never
  changed_secrets:
    description:
      - Names of Secrets whose values earlier tasks of this run have changed, or would have changed in check mode. O(restart=if_stale) restarts
        the workloads that read them, and in check mode predicts these restarts.
    type: list
    elements: str
    default: []
  changed_config_maps:
    description: As O(changed_secrets), for ConfigMaps.
    type: list
    elements: str
    default: []
  image_ids:
    description:
      - Mapping of image references to the IDs of the images that the node has for them, as M(runbook.minikube.minikube_image) returns them,
        for O(restart=if_stale). It detects a tag that points to another image now.
      - A pod is not compared if its runtime reports a registry's digest instead of the image's ID.
      - If new pods would get another image under the same reference, O(rollback_on_failure) is refused before anything is changed,
        as the previous image could not be restored.
    type: dict
    default: {}
  timeout:
    description:
      - Maximum seconds to wait. After that, the module fails and reports what is not ready yet.
    type: int
    default: 300
  scheduling_timeout:
    description:
      - Seconds for which a pod may be unschedulable, or a quota may prevent its creation. During a rolling update, resources become free
        when old pods terminate.
    type: int
    default: 15
  start_timeout:
    description:
      - Seconds for which the container runtime may fail to create or start a container, if the message does not make the failure certain.
    type: int
    default: 30
  unreachable_timeout:
    description:
      - Seconds for which Kubernetes may retry something that does not respond, such as a registry, a volume, a pod's sandbox or an admission
        webhook.
    type: int
    default: 60
  init_timeout:
    description:
      - Seconds that one init container may run.
    type: int
    default: 180
  max_restarts:
    description:
      - How many times a container may be restarted after a crash before the rollout fails. An application that crashes until its database is
        available needs some; with V(0) the first crash is a failure.
      - While other workloads of the same call are still progressing, a crash is a failure only after O(unreachable_timeout).
    type: int
    default: 2
  min_ready_seconds:
    description:
      - Seconds that a container without a readiness probe must have run before it counts as ready. Kubernetes reports it as ready at once,
        even if it exits a moment later. This does not apply to containers with a readiness probe.
      - If such a container has a liveness probe, it also has to run for the first period of that probe, and after a failure of the probe
        until the kubelet would have killed it.
    type: int
    default: 3
  log_lines:
    description:
      - Number of last log lines of a failed container to include in the failure. Logs are read only on failure.
      - Logs may contain secrets. V(0) reads none.
    type: int
    default: 20
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.progress
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
    details:
      - The wait is listed as an action, but not carried out. In check mode, a workload that does not exist yet is not a failure.
  diff_mode:
    description: Reports what was changed, or would be, in diff mode.
    support: full
notes:
  - "Needs these permissions in the namespace: C(list) and C(watch) of C(pods), C(events), C(deployments), C(replicasets) (for Deployments),
    C(statefulsets), C(daemonsets) and C(controllerrevisions) (for DaemonSets); C(get) of C(pods/log) for log lines. Without permission to
    list workloads, the named ones are polled one by one, for which C(get) by name is enough. C(list) and C(watch) of
    C(persistentvolumeclaims) and C(horizontalpodautoscalers) are optional."
  - "For a change: C(patch) and C(get) of the workload, C(delete) of C(pods) for a StatefulSet's stuck pods with O(state=rolled_back).
    C(list) and C(watch) of C(controllerrevisions) for StatefulSets with O(state=rolled_back), O(history), O(change_cause) or
    O(rollback_on_failure). C(patch) of C(replicasets) or C(controllerrevisions) to record O(change_cause) for applied manifests."
  - "O(rollback_on_failure) needs C(patch) and C(get) of the workload, and C(delete) of C(pods) for a StatefulSet. O(restart=if_stale)
    needs C(list), or C(get) by name, of the C(secrets) and C(configmaps) that the pods read when they start. With C(get) of them, and
    C(get) and C(create) of C(pods/exec), their values are compared."
seealso:
  - module: kubernetes.core.k8s
    description: Applies the manifests whose rollout this module follows.
"""

EXAMPLES = r"""
- name: Wait for the rollout of the application
  runbook.minikube.rollout:
    context: minikube
    namespace: default
    workloads:
      - kind: Deployment
        name: frontend
      - kind: Deployment
        name: backend-api
        dapr: true
      - kind: StatefulSet
        name: postgres

- name: Restart the frontend, with longer timeouts and without log lines in the failure
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: Deployment
        name: frontend
    restart: always
    timeout: 600
    init_timeout: 400
    log_lines: 0

- name: Set an image and a variable, remove another variable, and scale
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: Deployment
        name: frontend
        images:
          frontend: frontend:sha-3f1c2a9b7d10
        env:
          frontend:
            NODE_OPTIONS: --max-old-space-size=512
            DEBUG: null
        replicas: 2
    change_cause: Order 4711, more memory

- name: Restart only workloads that run with an outdated Secret or image
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: Deployment
        name: frontend
    restart: if_stale
    image_ids:
      frontend:v1: sha256:8a82f8a00ecbffe869d9b723192295ba8efa339237a7acc32dabea82d8cdbe68

- name: Set an image, and roll back on failure
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: Deployment
        name: backend-api
        images:
          backend-api: backend-api:sha-9b7d103f1c2a
    rollback_on_failure: true

- name: Roll back to the previous revision
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: Deployment
        name: frontend
    state: rolled_back

- name: List the revisions of a workload
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: StatefulSet
        name: postgres
    history: true
  register: rollout

- name: Roll back to the oldest revision
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: StatefulSet
        name: postgres
    state: rolled_back
    to_revision: "{{ rollout.workloads[0].history[0].revision }}"

- name: Fail at the first crash
  runbook.minikube.rollout:
    workloads:
      - kind: Deployment
        name: audit-service
    max_restarts: 0
  register: rollout
  ignore_errors: true # the next task prints the causes

- name: Print the causes
  ansible.builtin.debug:
    msg: "{{ item.workload }}: {{ item.category }} in {{ item.container }}. {{ item.hint }}"
  loop: "{{ rollout.causes | default([]) }}"
"""

RETURN = r"""
actions:
  description: The actions, or in check mode the predicted ones, as sentences.
  returned: always
  type: list
  elements: str
  sample:
    - restart Deployment frontend
    - wait until Deployment frontend is complete
changes:
  description: The changes, or in check mode the predicted ones, as data. A rollback after a failure is in RV(rollback).
  returned: always
  type: list
  elements: dict
  contains:
    what:
      description: V(change) or V(restart).
      type: str
      sample: restart
    kind: &kind
      description: The kind of the workload.
      type: str
      sample: Deployment
    name:
      description: The name of the workload.
      type: str
      sample: frontend
    message:
      description: The same as a sentence, as in RV(actions).
      type: str
      sample: restart Deployment frontend
workloads:
  description: The workloads as observed last.
  returned: when they could be read
  type: list
  elements: dict
  contains:
    kind: *kind
    name:
      description: The name of the workload.
      type: str
      sample: backend-api
    state:
      description: V(complete), V(progressing) or V(failed).
      type: str
      sample: complete
    missing:
      description: What is not ready yet, as clauses.
      type: list
      elements: str
      sample: []
    revision:
      description: A Deployment's revision number. For the other kinds, the revision hash in the labels of the new pods.
      type: str
      sample: "3"
    pods:
      description: The pods of the new revision.
      type: list
      elements: dict
      contains:
        name:
          description: The name of the pod.
          type: str
          sample: backend-api-6d8f97b5c4-x2x9p
        ready:
          description: Number of ready containers and of all containers.
          type: str
          sample: 2/2
        restarts:
          description: Number of restarts of its containers.
          type: int
          sample: 0
        image:
          description: The image reference of its main container, which is never the Dapr sidecar.
          type: str
          sample: backend-api:sha-3f1c2a9b7d10
        imageID:
          description: The ID of the image that is running.
          type: str
          sample: docker://sha256:9f2b6a7d54d0c0b0b7de2a2d3b6e8f1a7c4d5e6f708192a3b4c5d6e7f8091a2b
    seconds:
      description: Seconds until it was complete, V(null) if it was not.
      type: float
      sample: 4.2
    history:
      description: The revisions that its controller keeps, oldest first.
      returned: with O(history)
      type: list
      elements: dict
      contains:
        revision:
          description: Its number.
          type: int
          sample: 3
        images:
          description: Container to image reference, init containers too.
          type: dict
          sample:
            frontend: frontend:sha-3f1c2a9b7d10
        change_cause:
          description: Its change cause, empty if there is none.
          type: str
          sample: Order 4711, more memory
        created:
          description: When it was first created. A rollback gives a revision a new number, but not a new time.
          type: str
          sample: "2025-03-01T12:00:00Z"
        current:
          description: Whether it is the current one.
          type: bool
          sample: true
seconds:
  description: Duration of the wait.
  returned: except in check mode
  type: float
  sample: 4.3
rollback:
  description: What was rolled back after the failure, and what was not.
  returned: on failure with O(rollback_on_failure)
  type: list
  elements: dict
  contains:
    workload: &workload
      description: Kind and name.
      type: str
      sample: Deployment backend-api
    revision:
      description: The number of the revision that it was rolled back to, V(null) if it was not rolled back.
      type: int
      sample: 3
    change_cause:
      description: The change cause of that revision.
      type: str
      sample: Order 4711, more memory
    available:
      description: Whether it was complete again. V(null) if it was not rolled back.
      type: bool
      sample: true
    actions:
      description: The actions of the rollback, as sentences.
      type: list
      elements: str
      sample: ["Deployment backend-api: roll back to revision 3"]
    reason:
      description: Why it was not rolled back.
      type: str
      sample: this is its first revision, so there is nothing to roll back to.
    note:
      description: What the rollback could not restore.
      type: str
      sample: ""
causes:
  description: Why the rollout failed, with the facts of the message as data.
  returned: on failure
  type: list
  elements: dict
  contains:
    workload: *workload
    pod:
      description: The first pod with this cause, V(null) if there is no pod.
      type: str
      sample: backend-api-6d8f97b5c4-x2x9p
    pods:
      description: Number of pods with this cause.
      type: int
      sample: 1
    container:
      description: The container, V(null) if the cause is not about a container.
      type: str
      sample: backend-api
    container_type:
      description: V(container), V(init) or V(sidecar).
      type: str
      sample: container
    reason:
      description: Kubernetes' reason.
      type: str
      sample: CrashLoopBackOff
    category:
      description: A finer classification, for example V(image_not_found), V(registry_unreachable), V(secret_missing), V(sidecar_missing).
      type: str
      sample: crash
    message:
      description: Kubernetes' message.
      type: str
      sample: ""
    since:
      description: When it began, in UTC.
      type: str
      sample: "2025-03-01T12:00:00+00:00"
    exit_code:
      description: The exit code of the last run, V(null) if it never ran.
      type: int
      sample: 1
    restarts:
      description: Number of restarts of the container.
      type: int
      sample: 2
    log:
      description: The last lines of the container's log, after a crash those of its previous run.
      type: str
      sample: "KeyError: 'DATABASE_URL'"
    hint:
      description: What to do next.
      type: str
      sample: Check its log before the crash (kubectl logs --previous).
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.progress import PROGRESS_SPEC, ProgressFile
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.options import ARGUMENT_SPEC as ROLLOUT_SPEC
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.options import RolloutOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.run import predict, roll_out
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.progress import RolloutProgress

ARGUMENT_SPEC = {**ROLLOUT_SPEC, **PROGRESS_SPEC}
SETTINGS: dict = {"writes": True}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = RolloutOptions.of(module.params)
        progress = ProgressFile(module.params["progress"])
        reported = RolloutProgress(progress.add) if progress else None
        result = predict(module.cluster, options, module.hide) if module.check_mode else roll_out(module.cluster, options, module.hide, reported)
    for note in result.pop("notes"):
        module.warn(note)
    module.exit_json(**result)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
