#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: rollout
short_description: Change, restart or undo workloads, and wait until they really serve, or say at once why they never will
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Follows the rollout of Deployments, StatefulSets and DaemonSets of one namespace, many at once. If asked, sets their images, environment
    and replicas, restarts them, or goes back to a former revision before. What is so already is not changed.
  - Ends in success only when the pods of the new revision serve. The controller has seen the change, all pods are of the new revision,
    every container is ready, and a pod that asks for Dapr has its sidecar.
  - Ends in failure as soon as the cause is certain, with the pod, the container, the reason, the last log lines and the next step.
    Only pods of the new revision are judged, so broken pods of a former one do not fail a good rollout.
  - It watches the API (one list and one watch a kind) and does not poll. What is complete at the first look is not watched.
  - A workload that is scaled to zero is complete, with a warning. One whose pods an autoscaler holds is followed to the number that it
    asks for, also if that changes on the way. One that is paused, or that has the update strategy C(OnDelete) and old
    pods left, is a failure that says so.
options:
  workloads:
    description:
      - What to wait for, all in O(namespace).
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
          - Whether the pods need a C(daprd) container. V(true) also demands the annotation C(dapr.io/enabled) of the pod template,
            V(false) asks for no sidecar.
          - If not set, the annotation of each pod decides.
        type: bool
      images:
        description:
          - Container to image reference, as C(kubectl set image) takes them. V(*) stands for all containers that are not named, init
            containers too.
          - The same reference is no change, whatever image stands behind it.
        type: dict
      env:
        description:
          - Container to a mapping of variables, V(*) for all containers, init containers too. A mapping of variables alone is for all of
            them as well.
          - A value of V(null) removes the variable. One that came from a Secret or a ConfigMap is replaced by the value.
          - Values stand in the workload, where many can read them, and in this module's invocation. For secrets use a Secret.
            They are not shown in the diff.
        type: dict
      replicas:
        description:
          - How many pods there shall be. Not for a DaemonSet, and refused where a HorizontalPodAutoscaler would change it back.
        type: int
  namespace:
    description:
      - The namespace of all workloads.
    type: str
    default: default
  state:
    description:
      - V(complete) waits until the new revision serves.
      - V(undone) goes back to a former revision of every workload first, see O(to_revision).
        The pod template becomes exactly what it was; replicas stay as they are.
        A StatefulSet's pods that are not ready at the revision that is left are deleted, as its controller would wait for them for ever.
    type: str
    choices: [complete, undone]
    default: complete
  to_revision:
    description:
      - The revision that O(state=undone) goes back to. A Deployment's may be named by a number that it had before an undo renumbered it.
      - V(0) is the newest one that is not the present one. A second such undo changes nothing, it does not return to what was left. To go
        further back, name the revision.
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
      - What C(kubectl rollout history) shows for the new revision, in the annotation C(kubernetes.io/change-cause).
      - If not set, what is done, and by which user on which machine. That is recorded with O(workloads[].images), O(workloads[].env) and
        O(state=undone), as these make a revision by themselves.
      - If set, it is also recorded for a new revision that was applied just before the call as C(runbook-deploy), followed by what
        differs from the revision that served before, and by whom. A revision that has a cause of its own keeps it.
    type: str
    default: ""
  force_conflicts:
    description:
      - Takes over fields that another field manager owns. Otherwise that is an error, which names manager and field, and nothing is
        changed.
      - Changes are made as C(runbook-deploy), the manager under which this collection applies manifests, so that the next deploy sets these
        fields without a conflict.
    type: bool
    default: false
  rollback_on_failure:
    description:
      - After a failure, or when O(timeout) is over, every workload of the call whose revision is new goes back to the one that served
        before, and the module waits, for O(timeout) once more, until that serves again. Then it still fails, and tells the cause first,
        then what was rolled back. What was deployed together goes back together, those that are complete already too.
      - A revision is new if it is neither the one that served when the call began, nor the one that is recorded as the last that served.
        It does not matter who made it. So this works as well where the manifests were applied just before the call.
      - The revision that is gone back to is one whose pods still serve. Where no pod is left of it (the strategy C(Recreate),
        one replica of a StatefulSet), it is the one recorded in the annotation C(runbook.minikube/served), which the module writes
        whenever it has seen a revision serve. That record, like O(change_cause), makes no revision, and is not counted as a change.
      - Only the pod template goes back. Replicas, and other objects that were applied, such as a ConfigMap, stay.
        A StatefulSet's pods that are stuck at a former revision are deleted, before and after, as its controller would wait for them
        for ever.
      - Fields that somebody else applies server-side are not taken over without O(force_conflicts).
        A first revision, and one that is paused or has the update strategy C(OnDelete), stay. The failure says so.
    type: bool
    default: false
  restart:
    description:
      - V(always) replaces the pods of all workloads before the wait, as C(kubectl rollout restart) does, under the field manager
        C(runbook-rollout). This is a change each time.
      - V(if_stale) does the same for those workloads only whose running pods would get something else if they were made anew. A Secret or
        a ConfigMap that a container reads into its environment, or mounts as a single file (C(subPath)), was written after that container
        had started; or the node has another image behind its reference, see O(image_ids). Files of a whole volume don't count, as they
        are brought up to date while the container runs. A second run restarts nothing. No value is read, only times.
      - V(never) changes nothing.
    type: str
    choices: [never, always, if_stale]
    default: never
  secrets:
    description:
      - Names of Secrets whose values a run would have replaced before this task, so that O(restart=if_stale) can tell in check mode
        what it would restart. Used in check mode only.
    type: list
    elements: str
    default: []
  image_ids:
    description:
      - Image reference to the ID of the image that the node has under it, as M(runbook.minikube.minikube_image) returns them, for
        O(restart=if_stale). A tag that moved to another image is seen by that.
      - A pod whose runtime tells a registry's digest instead of the image's ID is not compared.
      - Where new pods would get another image under the same reference, O(rollback_on_failure) is refused before anything is changed,
        as there would be nothing to go back to.
    type: dict
    default: {}
  timeout:
    description:
      - Seconds to wait at most. Then the module fails and says what is still missing.
    type: int
    default: 300
  scheduling_grace:
    description:
      - Seconds for which a pod may find no node, or for which a quota may keep it from being made. In a rolling update room appears
        when old pods go.
    type: int
    default: 15
  create_grace:
    description:
      - Seconds for which the container runtime may fail to create or start a container, where the message does not make it certain.
    type: int
    default: 30
  retry_grace:
    description:
      - Seconds for which something that does not answer is tried again. A registry, a volume, a pod's sandbox, an admission webhook.
    type: int
    default: 60
  init_timeout:
    description:
      - Seconds that one init container may run.
    type: int
    default: 180
  crash_restarts:
    description:
      - How many times a container may be restarted after a crash before that is a failure. An application that waits for its database by
        crashing needs some; V(0) fails at the first crash.
      - While other workloads of the same call are still on their way, a crash is a failure only after O(retry_grace).
    type: int
    default: 2
  settle:
    description:
      - Seconds that a container without a readiness probe must have run before it counts as serving, since Kubernetes calls it ready
        at once, even if it ends a moment later. Containers with a readiness probe don't wait for this.
    type: int
    default: 3
  log_lines:
    description:
      - How many of a failed container's last log lines stand in the failure. They are read on failure only.
      - Logs may hold secrets. V(0) reads none.
    type: int
    default: 20
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
attributes:
  check_mode:
    description: Can run in check mode and say what it would do without doing it.
    support: full
    details:
      - The wait is named, but not done. A workload that does not exist yet is no failure in check mode.
  diff_mode:
    description: Returns what was changed, or would be, in diff mode.
    support: full
notes:
  - "Needs these permissions in the namespace: C(list) and C(watch) of C(pods), C(events), C(deployments), C(replicasets) (for Deployments),
    C(statefulsets), C(daemonsets) and C(controllerrevisions) (for DaemonSets); C(get) of C(pods/log) for log lines. Where workloads may
    not be listed, those that are named are read one by one, again and again, for which C(get) by name is enough. C(list) and C(watch) of
    C(persistentvolumeclaims) and C(horizontalpodautoscalers) are used if they are allowed."
  - "For a change: C(patch) and C(get) of the workload, C(delete) of C(pods) for a StatefulSet's stuck pods with O(state=undone).
    C(list) and C(watch) of C(controllerrevisions) for StatefulSets with O(state=undone), O(history), O(change_cause) or
    O(rollback_on_failure). C(patch) of C(replicasets) or C(controllerrevisions) for an O(change_cause) of what was applied."
  - "O(rollback_on_failure) needs C(patch) and C(get) of the workload, and C(delete) of C(pods) for a StatefulSet. O(restart=if_stale)
    needs C(list), or C(get) by name, of the C(secrets) and C(configmaps) that the pods read at their start."
seealso:
  - module: kubernetes.core.k8s
    description: Applies the manifests whose rollout this module follows.
"""

EXAMPLES = r"""
- name: Wait until the application serves
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

- name: Restart the frontend and wait, with a longer patience for slow starts and no log lines in the failure
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: Deployment
        name: frontend
    restart: always
    timeout: 600
    init_timeout: 400
    log_lines: 0

- name: Set an image, one variable, remove another, and wait
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

- name: Restart what runs with a former value of a Secret or a former image, and only that
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: Deployment
        name: frontend
    restart: if_stale
    image_ids:
      frontend:v1: sha256:8a82f8a00ecbffe869d9b723192295ba8efa339237a7acc32dabea82d8cdbe68

- name: Set an image, and go back if that does not serve
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: Deployment
        name: backend-api
        images:
          backend-api: backend-api:sha-9b7d103f1c2a
    rollback_on_failure: true

- name: Go back to the former revision
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: Deployment
        name: frontend
    state: undone

- name: See which revisions there are
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: StatefulSet
        name: postgres
    history: true
  register: rollout

- name: Go back to one of them
  runbook.minikube.rollout:
    context: minikube
    workloads:
      - kind: StatefulSet
        name: postgres
    state: undone
    to_revision: "{{ rollout.workloads[0].history[0].revision }}"

- name: See at once whether an application crashes
  runbook.minikube.rollout:
    workloads:
      - kind: Deployment
        name: audit-service
    crash_restarts: 0
  register: rollout
  ignore_errors: true # the next task tells the causes

- name: Tell each cause in a line
  ansible.builtin.debug:
    msg: "{{ item.workload }}: {{ item.category }} in {{ item.container }}. {{ item.hint }}"
  loop: "{{ rollout.causes | default([]) }}"
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, as sentences.
  returned: always
  type: list
  elements: str
  sample:
    - restart Deployment frontend
    - wait until Deployment frontend is complete
changes:
  description: What was changed so that the workloads roll, or in check mode would be, as data. The way back after a failure stands in RV(rollback).
  returned: always
  type: list
  elements: dict
  contains:
    what:
      description: V(change) or V(restart).
      type: str
      sample: restart
    kind:
      description: The kind of the workload.
      type: str
      sample: Deployment
    name:
      description: The name of the workload.
      type: str
      sample: frontend
    says:
      description: The same as a sentence, as in RV(actions).
      type: str
      sample: restart Deployment frontend
workloads:
  description: The workloads as they were seen last.
  returned: when they could be read
  type: list
  elements: dict
  contains:
    kind:
      description: The kind of the workload.
      type: str
      sample: Deployment
    name:
      description: The name of the workload.
      type: str
      sample: backend-api
    state:
      description: V(complete), V(progressing) or V(failed).
      type: str
      sample: complete
    missing:
      description: What still lacks, as sentences.
      type: list
      elements: str
      sample: []
    revision:
      description: A Deployment's revision number; for the others the hash that their new pods carry.
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
          description: Ready and all containers.
          type: str
          sample: 2/2
        restarts:
          description: How often its containers were restarted.
          type: int
          sample: 0
        image:
          description: The image reference of its main container, which is never the Dapr sidecar.
          type: str
          sample: backend-api:sha-3f1c2a9b7d10
        imageID:
          description: The identity of the image that really runs.
          type: str
          sample: docker://sha256:9f2b6a7d54d0c0b0b7de2a2d3b6e8f1a7c4d5e6f708192a3b4c5d6e7f8091a2b
    seconds:
      description: How long it took until it was complete, V(null) if it was not.
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
          description: Who made it and why, empty if nobody said.
          type: str
          sample: Order 4711, more memory
        created:
          description: When it was made first. An undo gives an old revision a new number, not a new time.
          type: str
          sample: "2025-03-01T12:00:00Z"
        current:
          description: Whether it is what the workload asks for at present.
          type: bool
          sample: true
seconds:
  description: How long the wait took.
  returned: except in check mode
  type: float
  sample: 4.3
rollback:
  description: What went back after the failure, and what did not.
  returned: on failure with O(rollback_on_failure)
  type: list
  elements: dict
  contains:
    workload:
      description: Kind and name.
      type: str
      sample: Deployment backend-api
    revision:
      description: The number of the revision that it went back to, V(null) if it stayed.
      type: int
      sample: 3
    change_cause:
      description: The change cause of that revision.
      type: str
      sample: Order 4711, more memory
    serves:
      description: Whether it was seen to serve again. V(null) if it stayed.
      type: bool
      sample: true
    actions:
      description: What was done, as sentences.
      type: list
      elements: str
      sample: ["Deployment backend-api: undo to revision 3"]
    reason:
      description: Why it stayed.
      type: str
      sample: this is its first revision, so there is nothing to go back to.
    note:
      description: What the way back could not bring back.
      type: str
      sample: ""
causes:
  description: Why the rollout failed. The same facts as in the message.
  returned: on failure
  type: list
  elements: dict
  contains:
    workload:
      description: Kind and name.
      type: str
      sample: Deployment backend-api
    pod:
      description: The first pod that has it; V(null) where there is no pod.
      type: str
      sample: backend-api-6d8f97b5c4-x2x9p
    pods:
      description: How many pods have it.
      type: int
      sample: 1
    container:
      description: The container, V(null) where it is not about one.
      type: str
      sample: backend-api
    container_type:
      description: V(container), V(init) or V(sidecar).
      type: str
      sample: container
    reason:
      description: The word of Kubernetes.
      type: str
      sample: CrashLoopBackOff
    category:
      description: A finer class, for example V(image_not_found), V(registry_unreachable), V(secret_missing), V(sidecar_missing).
      type: str
      sample: crash
    message:
      description: The message of Kubernetes.
      type: str
      sample: ""
    since:
      description: Since when, in UTC.
      type: str
      sample: "2025-03-01T12:00:00+00:00"
    exit_code:
      description: The exit code of the last run, V(null) if it never ran.
      type: int
      sample: 1
    restarts:
      description: How often the container was restarted.
      type: int
      sample: 2
    log:
      description: The last lines of the log that tells, after a crash that of the run before.
      type: str
      sample: "KeyError: 'DATABASE_URL'"
    hint:
      description: What to do next.
      type: str
      sample: See what it logs before it ends (kubectl logs --previous).
"""

from ansible_collections.runbook.minikube.plugins.module_utils.rollout.options import ARGUMENT_SPEC
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.run import predict, roll_out
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        result = predict(module.cluster, module.params) if module.check_mode else roll_out(module.cluster, module.params)
    for note in result.pop("notes"):
        module.warn(note)
    module.exit_json(**result)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
