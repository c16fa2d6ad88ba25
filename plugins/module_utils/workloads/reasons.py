# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each reason of Kubernetes means for a workload: the one table, in the order in which it is searched.

A rule matches by reason and, where one reason stands for different things, by message. Its verdict is one of
FATAL (certain now), AFTER_GRACE (may heal by itself within a short time), RETRYABLE (what is asked does not answer: other
attempts follow) and PROGRESSING (nothing is wrong). ``grace`` names the option that says how long the middle two may last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FATAL = "fatal"
AFTER_GRACE = "fatal_after_grace"
RETRYABLE = "retryable"
PROGRESSING = "progressing"

# Stages of a container's start; going back and forth between reasons of one stage does not begin its grace time anew.
PULL, CONFIG, CREATE, START, CRASH = "pull", "config", "create", "start", "crash"


@dataclass(frozen=True)
class Rule:
    """One row of the table. ``says`` continues a sentence that begins with the container or the pod."""

    reasons: tuple[str, ...]
    message: str  # regular expression, case ignored; "" matches every message
    verdict: str
    category: str
    says: str
    hint: str
    stage: str = ""
    grace: str = ""

    def matches(self, reason: str, message: str) -> bool:
        """Whether the rule is about this reason and this message."""
        return (not self.reasons or reason in self.reasons) and re.search(self.message, message, re.IGNORECASE | re.DOTALL) is not None


def classify(table: tuple[Rule, ...], reason: str, message: str) -> Rule | None:
    """The first rule of a table that matches."""
    return next((rule for rule in table if rule.matches(reason, message or "")), None)


PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable")
UNREACHABLE = (
    r"dial tcp|no such host|connection refused|connection reset|i/o timeout|deadline exceeded|TLS handshake timeout|EOF"
    r"|no route to host|network is unreachable|server misbehaving|\b50[0234]\b|proxyconnect|Client\.Timeout"
)
IN_THE_NODE = (
    "An image that exists only on this machine has to be in the node (role images, module minikube_image) "
    "with imagePullPolicy IfNotPresent."
)

WAITING = (
    Rule(("", "ContainerCreating", "PodInitializing", "RestartingAllContainers"), "", PROGRESSING, "starting", "is being created", ""),
    # Images
    Rule(("InvalidImageName",), "", FATAL, "image_name_invalid", "has an image reference that is no valid name",
         "Correct the container's image: registry/path:tag, in lower case.", PULL),
    Rule(("ErrImageNeverPull",), "", FATAL, "image_absent", "may only use an image that is in the node, and it is not there",
         "Load the image into the node (module minikube_image), or set imagePullPolicy IfNotPresent.", PULL),
    Rule(("SignatureValidationFailed",), "", FATAL, "image_signature", "has an image whose signature is not accepted",
         "Sign the image, or correct the node's signature policy.", PULL),
    Rule(PULLING, r"no match(ing manifest)? for (linux|platform|windows)|does not match the specified platform", FATAL,
         "wrong_architecture", "has an image that is not made for the node's architecture",
         "Build the image for the node's platform (kubectl get nodes -L kubernetes.io/arch).", PULL),
    Rule(PULLING, r"toomanyrequests|rate limit|\b429\b", RETRYABLE, "registry_rate_limit",
         "can't pull its image: the registry limits the rate",
         "Wait, log in to the registry (imagePullSecrets), or load the image into the node.", PULL, "retry_grace"),
    Rule(PULLING, r"x509:|certificate|server gave HTTP response to HTTPS client", FATAL, "registry_tls",
         "can't pull its image: the registry's TLS is not accepted by the node",
         "Give the node the registry's certificate authority, or declare the registry insecure (minikube start --insecure-registry).",
         PULL),
    Rule(PULLING, r"pull access denied|unauthorized|authentication required|\b40[13]\b|no basic auth|denied: |authorization failed",
         FATAL, "image_unauthorized", "may not pull its image, or the image's repository does not exist",
         "Check the image's name, and give the pod imagePullSecrets for a private registry. " + IN_THE_NODE, PULL),
    Rule(PULLING, UNREACHABLE, RETRYABLE, "registry_unreachable", "can't pull its image: the registry can't be reached from the node",
         "Check the registry's address and the node's network. " + IN_THE_NODE, PULL, "retry_grace"),
    Rule(PULLING, r"not found|manifest unknown|does not exist|name unknown", FATAL, "image_not_found", "has an image that does not exist",
         "Correct the image's name or tag, or push it. " + IN_THE_NODE, PULL),
    Rule(PULLING, r"invalid reference|unsupported|schema 1", FATAL, "image_unusable", "has an image that the node can't use",
         "Build and push the image anew in a present format.", PULL),
    Rule(PULLING, r"no space left", RETRYABLE, "node_disk_full", "can't pull its image: the node's disk is full",
         "Make room in the node (remove old images: minikube image ls, minikube image rm).", PULL, "retry_grace"),
    Rule((*PULLING, "ImageInspectError"), "", RETRYABLE, "image_pull", "can't get its image", "See the message. " + IN_THE_NODE, PULL,
         "retry_grace"),
    # Configuration
    Rule(("CreateContainerConfigError",), r"failed to sync|have not yet been read", PROGRESSING, "starting",
         "waits for the kubelet's cache", ""),
    Rule(("CreateContainerConfigError",), r"secret \S+ not found|in secret", FATAL, "secret_missing",
         "needs a Secret, or a key of one, that does not exist",
         "Create the Secret with that key in the pod's namespace (runbook_app.secrets), or correct the name in the manifest.", CONFIG),
    Rule(("CreateContainerConfigError",), r"configmap \S+ not found|in configmap", FATAL, "configmap_missing",
         "needs a ConfigMap, or a key of one, that does not exist",
         "Create the ConfigMap with that key in the pod's namespace, or correct the name in the manifest.", CONFIG),
    Rule(("CreateContainerConfigError",), r"runAsNonRoot|non-root|non-numeric", FATAL, "runs_as_root",
         "must not run as root, but its image does", "Give the image a numeric USER, or set securityContext.runAsUser.", CONFIG),
    Rule(("CreateContainerConfigError",), "", AFTER_GRACE, "container_config", "can't be configured",
         "See the message; it names the part of the pod's spec that can't be used.", CONFIG, "create_grace"),
    # Creation
    Rule(("CreateContainerError",), r"no command specified", FATAL, "no_command", "has neither a command nor an image that names one",
         "Set command in the manifest, or CMD or ENTRYPOINT in the Dockerfile.", CREATE),
    Rule(("CreateContainerError",), r"container name .*already in use|Conflict\. The container name|failed to reserve container name",
         AFTER_GRACE, "name_conflict", "can't be created: a left-over container in the node holds its name",
         "Delete the pod: its successor gets another name. Waiting or restarting the container does not help.", CREATE, "create_grace"),
    Rule(("CreateContainerError",), r"deadline exceeded|operation timed out", RETRYABLE, "runtime_slow",
         "can't be created: the container runtime does not answer in time",
         "Look at the node's load and disk (minikube ssh: top, df); restart the container runtime if it hangs.", CREATE, "retry_grace"),
    Rule(("CreateContainerError", "PreCreateHookError"), "", AFTER_GRACE, "create_failed", "can't be created by the container runtime",
         "See the message; if it names no part of the manifest, delete the pod so that it is created anew.", CREATE, "create_grace"),
    # Start
    Rule(("RunContainerError",), r"executable file not found|no such file or directory", FATAL, "command_not_found",
         "has a command that does not exist in its image",
         "Correct command in the manifest or ENTRYPOINT/CMD in the Dockerfile; the message names it.", START),
    Rule(("RunContainerError",), r"is a directory|permission denied|exec format error", FATAL, "command_not_executable",
         "has a command that can't be executed",
         "Let command name an executable file (mode +x, right architecture); the message names it.", START),
    Rule(("RunContainerError",), r"OOM-killed|memory limit", FATAL, "out_of_memory", "ran out of memory before it started",
         "Raise resources.limits.memory.", START),
    Rule(("RunContainerError", "PreStartHookError", "PostStartHookError"), "", AFTER_GRACE, "start_failed", "can't be started",
         "See the message: it comes from the container runtime, or from the container's own hook.", START, "create_grace"),
    Rule(("CreatePodSandboxError", "ConfigPodSandboxError"), "", RETRYABLE, "sandbox", "waits for its pod's sandbox, which can't be made",
         "Look at the node's container runtime and network plugin.", CREATE, "retry_grace"),
    Rule(("KillContainerError", "RemoveContainerError", "KillPodSandboxError", "ResizePodInPlaceError"), "", RETRYABLE, "runtime_stuck",
         "can't be replaced: the container runtime does not remove or resize what is there",
         "Delete the pod; if that hangs too, restart the container runtime.", CREATE, "retry_grace"),
    Rule(("CrashLoopBackOff",), "", AFTER_GRACE, "crash", "ends again and again",
         "See what it logs before it ends (kubectl logs --previous).", CRASH, "crash_restarts"),
    Rule((), "", RETRYABLE, "unknown", "waits", "See the message.", CREATE, "retry_grace"),
)

TERMINATED = (
    Rule(("ContainerCannotRun", "StartError"), r"executable file not found|no such file or directory", FATAL, "command_not_found",
         "has a command that does not exist in its image",
         "Correct command in the manifest or ENTRYPOINT/CMD in the Dockerfile; the message names it.", START),
    Rule(("ContainerCannotRun", "StartError"), r"is a directory|permission denied|exec format error|not a directory", FATAL,
         "command_not_executable", "has a command that can't be executed",
         "Let command name an executable file (mode +x, right architecture); the message names it.", START),
    Rule(("ContainerCannotRun", "StartError"), r"OOM-killed|memory limit", FATAL, "out_of_memory", "ran out of memory before it started",
         "Raise resources.limits.memory.", START),
    Rule(("ContainerCannotRun", "StartError"), "", AFTER_GRACE, "start_failed", "can't be started",
         "See the message of the container runtime.", START, "create_grace"),
    Rule(("ContainerStatusUnknown",), "", PROGRESSING, "starting", "was lost when its node restarted, and starts again", ""),
    Rule(("OOMKilled",), "", AFTER_GRACE, "out_of_memory", "is killed because it exceeds its memory limit",
         "Raise resources.limits.memory, or let the application need less.", CRASH, "crash_restarts"),
    Rule(("Completed",), "", AFTER_GRACE, "ends_at_once", "ends without an error, and so is restarted again and again",
         "The main process of a workload's container must keep running in the foreground.", CRASH, "crash_restarts"),
    Rule((), "", AFTER_GRACE, "crash", "ends with an error again and again", "See what it logs before it ends (kubectl logs --previous).",
         CRASH, "crash_restarts"),
)

# Why a pod as a whole has ended: status.reason of a pod in phase Failed.
POD_FAILED = (
    Rule(("DeadlineExceeded",), "", FATAL, "pod_deadline", "exceeded its activeDeadlineSeconds",
         "Remove or raise activeDeadlineSeconds."),
    Rule(("PodOSNotSupported", "InvalidNodeInfo"), "", FATAL, "node_unfit", "was refused by its node",
         "See the message; let the pod select a fitting node."),
    Rule(("Evicted",), "", AFTER_GRACE, "evicted", "was evicted by its node",
         "Free what the message names on the node (memory, disk), or set resource requests.", "", "retry_grace"),
    Rule(("Preempting", "Terminated", "NodeShutdown", "NodeLost", "Shutdown"), "", AFTER_GRACE, "node_going",
         "was ended by its node or for another pod", "Look at the nodes (kubectl get nodes) and at pods of higher priority.", "",
         "retry_grace"),
    Rule((), "", AFTER_GRACE, "pod_refused", "was refused or ended by its node",
         "See the message; OutOf… means that the node lacks the named resource.", "", "retry_grace"),
)

# Events of a pod none of whose containers has started yet.
BEFORE_START = (
    Rule(("FailedMount", "FailedMapVolume"), r"failed to sync|not registered", PROGRESSING, "starting", "waits for the kubelet's cache",
         ""),
    Rule(("FailedMount",), r'configmap "kube-root-ca\.crt" not found', RETRYABLE, "root_ca", "waits for the namespace's kube-root-ca.crt",
         "Check that kube-controller-manager runs.", "", "retry_grace"),
    Rule(("FailedMount",), r"configmap .*not found|references non-existent config", FATAL, "configmap_missing",
         "mounts a ConfigMap, or a key of one, that does not exist",
         "Create the ConfigMap with that key in the pod's namespace, or correct the name in the manifest."),
    Rule(("FailedMount",), r"secret .*not found|references non-existent secret", FATAL, "secret_missing",
         "mounts a Secret, or a key of one, that does not exist",
         "Create the Secret with that key in the pod's namespace (runbook_app.secrets), or correct the name in the manifest."),
    Rule(("FailedMount", "FailedAttachVolume", "FailedMapVolume"), "", RETRYABLE, "volume", "can't mount a volume",
         "See the message; look at the claim (kubectl describe pvc) and at the node.", "", "retry_grace"),
    Rule(("FailedCreatePodSandBox", "FailedCreatePodContainer", "NetworkNotReady", "CNIConfigError"), "", RETRYABLE, "sandbox",
         "can't be set up by its node", "Look at the node's network plugin and container runtime.", "", "retry_grace"),
)

# Condition PodScheduled=False, by its message.
UNSCHEDULED = (
    Rule(("SchedulingGated",), "", PROGRESSING, "gated", "is held back by a scheduling gate", ""),
    Rule((), r'persistentvolumeclaim "[^"]*" not found', AFTER_GRACE, "claim_missing",
         "needs a PersistentVolumeClaim that does not exist", "Create the claim, or correct the name in the manifest.", "",
         "scheduling_grace"),
    Rule((), r"unbound immediate PersistentVolumeClaims", RETRYABLE, "claim_pending",
         "waits for a PersistentVolumeClaim that is not bound",
         "Look at the claim (kubectl describe pvc): its storage class, and whether a provisioner runs.", "", "retry_grace"),
    Rule((), r"Insufficient|Too many pods", AFTER_GRACE, "no_room", "fits on no node: too little room",
         "Lower resources.requests, scale something else down, or give the cluster more (minikube start --cpus --memory).", "",
         "scheduling_grace"),
    Rule((), r"node affinity|node selector|didn't match Pod's node", AFTER_GRACE, "no_matching_node",
         "fits on no node: no node has the labels that it selects", "Correct nodeSelector or affinity, or label a node.", "",
         "scheduling_grace"),
    Rule((), r"taint", AFTER_GRACE, "tainted", "fits on no node: nodes have taints that it does not tolerate",
         "Wait for the node to get ready, remove the taint, or add a toleration.", "", "scheduling_grace"),
    Rule((), "", AFTER_GRACE, "unschedulable", "fits on no node", "See the message of the scheduler.", "", "scheduling_grace"),
)

# Why a controller can't create a pod: message of FailedCreate or of the condition ReplicaFailure.
NOT_CREATED = (
    Rule((), r"exceeded quota|failed quota", AFTER_GRACE, "quota",
         "can't get its pods: the namespace's quota is used up, or asks for values that the pod lacks",
         "Raise the ResourceQuota, lower or set resources in the manifest, or scale something else down.", "", "scheduling_grace"),
    Rule((), r"failed calling webhook|failed to call webhook", RETRYABLE, "webhook_unreachable",
         "can't get its pods: an admission webhook does not answer",
         "Bring back the webhook's service that the message names, or remove its configuration if nothing needs it.", "", "retry_grace"),
    Rule((), r"admission webhook .* denied|denied the request", FATAL, "webhook_denied",
         "can't get its pods: an admission webhook refuses them", "Do what the webhook's message asks for."),
    Rule((), r"ValidatingAdmissionPolicy .* denied request", FATAL, "policy_denied",
         "can't get its pods: an admission policy of the cluster refuses them",
         "Do what the policy's message asks for, or look at it: kubectl get validatingadmissionpolicies."),
    Rule((), r"violates PodSecurity", FATAL, "pod_security", "can't get its pods: the namespace's Pod Security level forbids them",
         "Set the securityContext fields that the message names, or another level on the namespace."),
    Rule((), r"serviceaccount .* not found|error looking up service account", AFTER_GRACE, "service_account_missing",
         "can't get its pods: their ServiceAccount does not exist", "Create the ServiceAccount, or correct serviceAccountName.", "",
         "scheduling_grace"),
    Rule((), r"forbidden|is invalid|must be|LimitRange|maximum .* usage|minimum .* usage|no PriorityClass", FATAL, "pod_invalid",
         "can't get its pods: the API server refuses them", "Correct the pod template; the message names the field or the rule."),
    Rule((), "", RETRYABLE, "not_created", "can't get its pods", "See the message of the controller.", "", "retry_grace"),
)
