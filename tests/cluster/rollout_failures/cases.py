# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every failure of a rollout, as a change of a ready version, with the cause that must be reported."""

from __future__ import annotations

from dataclasses import dataclass, field

from rollout_failures.registry import CLOSED, OPEN
from rollout_failures.symptoms import (
    Symptom,
    crashes,
    event,
    fails_to_start,
    refused,
    runs,
    too_late,
    unscheduled,
    waits,
    without_sidecar,
)

SERVING = f"{OPEN}/serving/app:1"
NOBODY = "localhost:5009"  # no registry listens there
FOREIGN = "foreign/app"
FOREIGN_LIST = "foreign/list"
BOTH = ("Deployment", "StatefulSet")
STARTED = "begins to serve"  # what the ready version writes to its log
# Words of the module's message that several cases have in common.
CRASHES = "keeps crashing"
NO_IMAGE = "has an image that does not exist"
UNREADY = "is running but does not become ready"
PULL_FAILS = waits("app", "ErrImagePull", "ImagePullBackOff")
MARK = "runbook-test/rollout-failure"  # the label of the namespaces
NO_INJECTION = {"runbook-test/injection": "off"}
# The module's documented defaults, and what makes a test shorter.
DEFAULTS = {"scheduling_timeout": 15, "start_timeout": 30, "unreachable_timeout": 60, "init_timeout": 180, "max_restarts": 2, "timeout": 300}
SHORT = {"scheduling_timeout": 3, "start_timeout": 3, "unreachable_timeout": 6, "init_timeout": 5, "max_restarts": 1, "timeout": 90}


@dataclass(frozen=True)
class Case:
    """``app``, ``pod`` and ``spec`` are merged into the container, the pod's and the workload's spec of the version that serves.

    ``before`` are objects that come between the good and the broken version, NAMESPACE in them is replaced;
    ``refused``: wait until the API refuses the broken pods, as admission takes a moment to know a new rule;
    ``grace``: the option that limits how long the symptom may last.
    """

    name: str
    category: str
    message: str  # the words of the category, in the module's message
    symptom: Symptom
    app: dict = field(default_factory=dict)
    pod: dict = field(default_factory=dict)
    spec: dict = field(default_factory=dict)
    annotations: dict = field(default_factory=dict)
    namespace_labels: dict = field(default_factory=dict)
    before: tuple[dict, ...] = ()
    refused: bool = False
    grace: str = ""
    kinds: tuple[str, ...] = ("Deployment",)
    container: str | None = None
    container_type: str | None = None
    exit_code: int | None = None  # None: not checked, as a container that can't be started may have one
    names: str = ""  # further words of the message: from the manifest, or from Kubernetes
    log: str = ""  # in the last lines of the container's log; "" if the module must not show a log
    also: str = ""  # the category of a second cause
    short: dict = field(default_factory=dict)  # further options of the module in the short form
    load: bool = False  # send 20 requests a second to the previous version in the short form too


def in_app(name: str, category: str, message: str, symptom: Symptom, **more) -> Case:
    """A case about the application's own container."""
    return Case(name, category, message, symptom, container="app", container_type="container", **more)


def shell(script: str) -> dict:
    """A command that runs a script."""
    return {"command": ["sh", "-c", script]}


def beside(name: str, script: str, **more) -> dict:
    """Another container of the pod; IMAGE is replaced."""
    return {"name": name, "image": "IMAGE", "imagePullPolicy": "IfNotPresent", **shell(script), **more}


def dapr(**more: str) -> dict:
    """Annotations that enable Dapr."""
    return {"dapr.io/enabled": "true", "dapr.io/app-id": "app", **{f"dapr.io/{name.replace('_', '-')}": value for name, value in more.items()}}


POLICY = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "NAMESPACE"},
    "spec": {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "NAMESPACE"}},
            "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        },
        "validations": [{"expression": "!('tier' in object.spec.nodeSelector)", "message": "pods must not choose their tier"}],
    },
}
BINDING = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "NAMESPACE"},
    "spec": {"policyName": "NAMESPACE", "validationActions": ["Deny"]},
}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "no-such-class", "resources": {"requests": {"storage": "1Mi"}}},
}
QUOTA = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "pods"}, "spec": {"hard": {"pods": "2"}}}
STRICT = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "NAMESPACE", "labels": {MARK: "", "pod-security.kubernetes.io/enforce": "restricted"}},
}

CASES = (
    in_app("bad-command", "command_not_found", "has a command that does not exist in its image", fails_to_start("app"),
           app={"command": ["/no/such/program"]}, names="/no/such/program", kinds=BOTH, load=True),
    in_app("entrypoint-is-a-directory", "command_not_executable", "has a command that cannot be executed", fails_to_start("app"),
           app={"command": ["/etc"]}, names="/etc", kinds=BOTH),
    in_app("exits-with-an-error", "crash", CRASHES, crashes("app"), app=shell("echo cannot reach the database; exit 3"), exit_code=3,
           log="cannot reach the database", kinds=BOTH, load=True),
    in_app("exits-without-an-error", "exits_immediately", "exits with code 0 and is restarted in a loop", crashes("app", "Completed"),
           app=shell("echo nothing to do"), exit_code=0, log="nothing to do"),
    in_app("image-does-not-exist", "image_not_found", NO_IMAGE, PULL_FAILS, app={"image": f"{OPEN}/absent/app:1"}, names="absent/app",
           kinds=BOTH, load=True),
    in_app("tag-does-not-exist", "image_not_found", NO_IMAGE, PULL_FAILS, app={"image": SERVING.replace(":1", ":2")}, names="serving/app"),
    in_app("image-may-not-be-pulled", "image_unauthorized", "is not authorized to pull its image, or the repository does not exist", PULL_FAILS,
           app={"image": SERVING.replace(OPEN, CLOSED), "imagePullPolicy": "Always"}, kinds=BOTH),
    in_app("registry-does-not-answer", "registry_unreachable", "cannot pull its image: the node cannot reach the registry", PULL_FAILS,
           app={"image": f"{NOBODY}/serving/app:1"}, names=NOBODY, grace="unreachable_timeout", kinds=BOTH),
    in_app("image-name-is-none", "image_name_invalid", "has an invalid image reference", waits("app", "InvalidImageName"),
           app={"image": "Not//AName"}, names="Not//AName"),
    in_app("wrong-architecture", "wrong_architecture", "cannot be executed: its program is built for another architecture", crashes("app"),
           app={"image": f"{OPEN}/{FOREIGN}:1", "command": None}, log="exec format error"),
    in_app("wrong-architecture-in-a-list", "wrong_architecture", "has an image that is not built for the node's architecture", PULL_FAILS,
           app={"image": f"{OPEN}/{FOREIGN_LIST}:1", "command": None}),
    in_app("secret-is-missing", "secret_missing", "references a Secret, or a key of one, that does not exist",
           waits("app", "CreateContainerConfigError"), names="absent-secret", load=True,
           app={"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "absent-secret", "key": "password"}}}]}),
    Case("configmap-is-missing", "configmap_missing", "mounts a ConfigMap, or a key of one, that does not exist",
         event("FailedMount", "absent-settings"), names="absent-settings",
         app={"volumeMounts": [{"name": "settings", "mountPath": "/settings"}]},
         pod={"volumes": [{"name": "settings", "configMap": {"name": "absent-settings"}}]}),
    Case("init-container-fails", "crash", CRASHES, crashes("migrate"), container="migrate", container_type="init", exit_code=4,
         log="no such table", pod={"initContainers": [beside("migrate", "echo no such table; exit 4")]}),
    Case("init-container-never-ends", "init_running", "is still running, and the other containers start only after it has ended", runs("wait"),
         container="wait", container_type="init", log="waiting for godot",
         pod={"initContainers": [beside("wait", "echo waiting for godot; sleep 10000")]}, grace="init_timeout"),
    in_app("probe-never-passes", "probe_fails", UNREADY, event("Unhealthy", "statuscode: 404"), names="statuscode: 404", log=STARTED,
           grace="timeout", short={"timeout": 15}, load=True,
           app={"readinessProbe": {"httpGet": {"path": "/absent", "port": 8080}, "periodSeconds": 1}}),
    in_app("deadline-is-exceeded", "probe_fails", UNREADY, too_late(), also="progress_deadline", names="progressDeadlineSeconds", log=STARTED,
           app={"readinessProbe": {"httpGet": {"path": "/absent", "port": 8080}, "periodSeconds": 1}}, spec={"progressDeadlineSeconds": 20}),
    in_app("out-of-memory", "out_of_memory", "is killed for exceeding its memory limit", crashes("app", "OOMKilled"), exit_code=137,
           log="reading without end", app={**shell("echo reading without end; exec tail /dev/zero"), "resources": {"limits": {"memory": "16Mi"}}}),
    Case("no-room", "insufficient_resources", "cannot be scheduled: insufficient resources", unscheduled("Insufficient cpu"), names="Insufficient cpu",
         app={"resources": {"requests": {"cpu": "1000"}}}, grace="scheduling_timeout"),
    Case("no-such-node", "no_matching_node", "cannot be scheduled: no node matches its node selector or affinity", unscheduled("node affinity/selector"),
         names="node affinity/selector", pod={"nodeSelector": {"disk": "golden"}}, grace="scheduling_timeout"),
    Case("quota-is-used-up", "quota", "its pods cannot be created: the namespace's quota is exceeded", refused("exceeded quota"), names="exceeded quota",
         before=(QUOTA,), refused=True, grace="scheduling_timeout", load=True),
    Case("a-policy-denies", "policy_denied", "its pods cannot be created: an admission policy of the cluster denied them",
         refused("pods must not choose their tier"), names="pods must not choose their tier", before=(POLICY, BINDING), refused=True,
         pod={"nodeSelector": {"tier": "gold"}}),
    Case("a-webhook-denies", "webhook_denied", "its pods cannot be created: an admission webhook denied them", refused("denied the request"),
         names="sidecar-injector.dapr.io", annotations=dapr(app_id="not a name"), refused=True),
    Case("pod-security", "pod_security", "its pods cannot be created: they violate the namespace's Pod Security level", refused("violates PodSecurity"),
         names="runAsNonRoot", before=(STRICT,), refused=True),
    Case("claim-stays-pending", "claim_pending", "is waiting for a PersistentVolumeClaim that is not bound",
         unscheduled("unbound immediate PersistentVolumeClaims"), names="no-such-class", before=(CLAIM,),
         pod={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}, grace="unreachable_timeout"),
    Case("native-sidecar-crashes", "crash", CRASHES, crashes("proxy"), container="proxy", container_type="sidecar", exit_code=5,
         log="no upstream", pod={"initContainers": [beside("proxy", "echo no upstream; exit 5", restartPolicy="Always")]}),
    Case("second-container-crashes", "crash", CRASHES, crashes("proxy"), container="proxy", container_type="container", exit_code=5,
         log="no upstream", pod={"more": [beside("proxy", "echo no upstream; exit 5")]}),
    Case("dapr-sidecar-crashes", "crash", CRASHES, crashes("daprd"), container="daprd", container_type="container",
         log="failed to get configuration", annotations=dapr(config="absent-configuration")),
    # Such pods are ready, and would have replaced the previous ones before the module is run with rollback.
    Case("dapr-sidecar-is-missing", "sidecar_missing", "has no daprd container, although Dapr is enabled for it", without_sidecar(),
         annotations=dapr(), namespace_labels=NO_INJECTION, load=True, spec={"minReadySeconds": 60}),
)
