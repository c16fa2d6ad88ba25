# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each reason of Kubernetes means for a workload: the rules, in the order in which they are searched."""

from __future__ import annotations

from .rules import CONFIG, CRASH, CREATE, FATAL, FATAL_AFTER_TIMEOUT, PROGRESSING, PULL, RETRYABLE, START, Rule

PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable")
UNREACHABLE = (
    r"dial tcp|no such host|connection refused|connection reset|i/o timeout|deadline exceeded|TLS handshake timeout|EOF"
    r"|no route to host|network is unreachable|server misbehaving|\b50[0234]\b|proxyconnect|Client\.Timeout"
)
IN_THE_NODE = (
    "A local image must be loaded into the node (role images, module minikube_image) "
    "and needs imagePullPolicy: IfNotPresent."
)

MOUNT = (
    "mount_failed", "cannot be started: one of its mounts does not fit the path in its image",
    "Check its volumeMounts: a subPath that the volume does not have is mounted as a directory, which fails over a file. Correct mountPath or "
    "subPath, or add the key to the ConfigMap or Secret.",
)
MOUNT_MESSAGE = r"error mounting .*(not a directory|no such file)|mount a directory onto a file"
USER = (
    "user_not_found", "runs as a user that does not exist in its image",
    "Correct USER in the Dockerfile, or set securityContext.runAsUser to a number.",
)
USER_MESSAGE = r"unable to find (user|group)|no matching entries in (passwd|group) file"

WAITING = (
    Rule(("", "ContainerCreating", "PodInitializing", "RestartingAllContainers"), "", PROGRESSING, "starting", "is being created", ""),
    # Images
    Rule(("InvalidImageName",), "", FATAL, "image_name_invalid", "has an invalid image reference",
         "Correct the container's image: registry/path:tag, in lower case.", PULL),
    Rule(("ErrImageNeverPull",), "", FATAL, "image_not_present", "has imagePullPolicy Never, and its image is not on the node",
         "Load the image into the node (module minikube_image), or set imagePullPolicy: IfNotPresent.", PULL),
    Rule(("SignatureValidationFailed",), "", FATAL, "image_signature", "has an image whose signature was rejected",
         "Sign the image, or correct the node's signature policy.", PULL),
    Rule(PULLING, r"no match(ing manifest)? for (linux|platform|windows)|does not match the specified platform", FATAL,
         "wrong_architecture", "has an image that is not built for the node's architecture",
         "Build the image for the node's platform (kubectl get nodes -L kubernetes.io/arch).", PULL),
    Rule(PULLING, r"toomanyrequests|rate limit|\b429\b", RETRYABLE, "registry_rate_limit",
         "cannot pull its image: the registry's rate limit is exceeded",
         "Wait, log in to the registry (imagePullSecrets), or load the image into the node.", PULL, "unreachable_timeout"),
    Rule(PULLING, r"x509:|certificate|server gave HTTP response to HTTPS client", FATAL, "registry_tls",
         "cannot pull its image: the node does not trust the registry's TLS certificate",
         "Add the registry's certificate authority to the node, or configure the registry as insecure (minikube start --insecure-registry).",
         PULL),
    Rule(PULLING, r"pull access denied|unauthorized|authentication required|\b40[13]\b|no basic auth|denied: |authorization failed",
         FATAL, "image_unauthorized", "is not authorized to pull its image, or the repository does not exist",
         "Check the image's name, and give the pod imagePullSecrets for a private registry. " + IN_THE_NODE, PULL),
    Rule(PULLING, UNREACHABLE, RETRYABLE, "registry_unreachable", "cannot pull its image: the node cannot reach the registry",
         "Check the registry's address and the node's network. " + IN_THE_NODE, PULL, "unreachable_timeout"),
    Rule(PULLING, r"not found|manifest unknown|does not exist|name unknown", FATAL, "image_not_found", "has an image that does not exist",
         "Correct the image's name or tag, or push it. " + IN_THE_NODE, PULL),
    Rule(PULLING, r"invalid reference|unsupported|schema 1", FATAL, "image_unusable", "has an image in a format that the node does not support",
         "Rebuild and push the image in a current format.", PULL),
    Rule(PULLING, r"no space left", RETRYABLE, "node_disk_full", "cannot pull its image: the node's disk is full",
         "Free disk space on the node (remove old images: minikube image ls, minikube image rm).", PULL, "unreachable_timeout"),
    Rule((*PULLING, "ImageInspectError"), "", RETRYABLE, "image_pull", "cannot pull its image", "See the message. " + IN_THE_NODE, PULL,
         "unreachable_timeout"),
    # Configuration
    Rule(("CreateContainerConfigError",), r"failed to sync|have not yet been read", PROGRESSING, "starting",
         "is waiting for the kubelet's cache", ""),
    Rule(("CreateContainerConfigError",), r"secret \S+ not found|in secret", FATAL, "secret_missing",
         "references a Secret, or a key of one, that does not exist",
         "Create the Secret with that key in the pod's namespace (runbook_app.secrets), or correct the name in the manifest.", CONFIG),
    Rule(("CreateContainerConfigError",), r"configmap \S+ not found|in configmap", FATAL, "configmap_missing",
         "references a ConfigMap, or a key of one, that does not exist",
         "Create the ConfigMap with that key in the pod's namespace, or correct the name in the manifest.", CONFIG),
    Rule(("CreateContainerConfigError",), r"runAsNonRoot|non-root|non-numeric", FATAL, "runs_as_root",
         "must not run as root, but its image runs as root", "Give the image a numeric USER, or set securityContext.runAsUser.", CONFIG),
    Rule(("CreateContainerConfigError",), "", FATAL_AFTER_TIMEOUT, "container_config", "cannot be configured",
         "See the message; it names the invalid part of the pod spec.", CONFIG, "start_timeout"),
    # Creation
    Rule(("CreateContainerError",), r"no command specified", FATAL, "no_command", "has no command: neither its spec nor its image defines one",
         "Set command in the manifest, or CMD or ENTRYPOINT in the Dockerfile.", CREATE),
    Rule(("CreateContainerError",), r"container name .*already in use|Conflict\. The container name|failed to reserve container name",
         FATAL_AFTER_TIMEOUT, "name_conflict", "cannot be created: a leftover container on the node has the same name",
         "Delete the pod: its replacement gets another name. Waiting or restarting the container does not help.", CREATE, "start_timeout"),
    Rule(("CreateContainerError",), r"deadline exceeded|operation timed out", RETRYABLE, "runtime_slow",
         "cannot be created: the container runtime does not respond in time",
         "Check the node's load and disk (minikube ssh: top, df); restart the container runtime if it hangs.", CREATE, "unreachable_timeout"),
    Rule(("CreateContainerError", "PreCreateHookError"), "", FATAL_AFTER_TIMEOUT, "create_failed", "cannot be created by the container runtime",
         "See the message; if it names no part of the manifest, delete the pod so that it is recreated.", CREATE, "start_timeout"),
    # Start
    Rule(("RunContainerError",), MOUNT_MESSAGE, FATAL, *MOUNT, START),
    Rule(("RunContainerError", "CreateContainerError"), USER_MESSAGE, FATAL, *USER, START),
    Rule(("RunContainerError",), r"executable file not found|no such file or directory", FATAL, "command_not_found",
         "has a command that does not exist in its image",
         "Correct command in the manifest or ENTRYPOINT/CMD in the Dockerfile; the message names it.", START),
    Rule(("RunContainerError",), r"is a directory|permission denied|exec format error", FATAL, "command_not_executable",
         "has a command that cannot be executed",
         "Set command to an executable file (mode +x, matching architecture); the message names it.", START),
    Rule(("RunContainerError",), r"OOM-killed|memory limit", FATAL, "out_of_memory", "ran out of memory before it started",
         "Raise resources.limits.memory.", START),
    Rule(("RunContainerError", "PreStartHookError", "PostStartHookError"), "", FATAL_AFTER_TIMEOUT, "start_failed", "cannot be started",
         "See the message: it comes from the container runtime, or from the container's own hook.", START, "start_timeout"),
    Rule(("CreatePodSandboxError", "ConfigPodSandboxError"), "", RETRYABLE, "sandbox", "is waiting for its pod sandbox, which cannot be created",
         "Check the node's container runtime and network plugin.", CREATE, "unreachable_timeout"),
    Rule(("KillContainerError", "RemoveContainerError", "KillPodSandboxError", "ResizePodInPlaceError"), "", RETRYABLE, "runtime_stuck",
         "cannot be replaced: the container runtime does not remove or resize the old container",
         "Delete the pod; if that hangs too, restart the container runtime.", CREATE, "unreachable_timeout"),
    Rule(("CrashLoopBackOff",), "", FATAL_AFTER_TIMEOUT, "crash", "keeps crashing",
         "Check its log before the crash (kubectl logs --previous).", CRASH, "max_restarts"),
    Rule((), "", RETRYABLE, "unknown", "is waiting", "See the message.", CREATE, "unreachable_timeout"),
)

TERMINATED = (
    Rule(("ContainerCannotRun", "StartError"), MOUNT_MESSAGE, FATAL, *MOUNT, START),
    Rule(("ContainerCannotRun", "StartError"), USER_MESSAGE, FATAL, *USER, START),
    Rule(("ContainerCannotRun", "StartError"), r"executable file not found|no such file or directory", FATAL, "command_not_found",
         "has a command that does not exist in its image",
         "Correct command in the manifest or ENTRYPOINT/CMD in the Dockerfile; the message names it.", START),
    Rule(("ContainerCannotRun", "StartError"), r"is a directory|permission denied|exec format error|not a directory", FATAL,
         "command_not_executable", "has a command that cannot be executed",
         "Set command to an executable file (mode +x, matching architecture); the message names it.", START),
    Rule(("ContainerCannotRun", "StartError"), r"OOM-killed|memory limit", FATAL, "out_of_memory", "ran out of memory before it started",
         "Raise resources.limits.memory.", START),
    Rule(("ContainerCannotRun", "StartError"), "", FATAL_AFTER_TIMEOUT, "start_failed", "cannot be started",
         "See the message of the container runtime.", START, "start_timeout"),
    Rule(("ContainerStatusUnknown",), "", PROGRESSING, "starting", "was lost when its node restarted, and is starting again", ""),
    Rule(("OOMKilled",), "", FATAL_AFTER_TIMEOUT, "out_of_memory", "is killed for exceeding its memory limit",
         "Raise resources.limits.memory, or reduce the application's memory usage.", CRASH, "max_restarts"),
    Rule(("Completed",), "", FATAL_AFTER_TIMEOUT, "exits_immediately", "exits with code 0 and is restarted in a loop",
         "The main process of a workload's container must keep running in the foreground.", CRASH, "max_restarts"),
    Rule((), "", FATAL_AFTER_TIMEOUT, "crash", "keeps crashing", "Check its log before the crash (kubectl logs --previous).",
         CRASH, "max_restarts"),
)

# Why a whole pod has terminated: status.reason of a pod in phase Failed.
POD_FAILED = (
    Rule(("DeadlineExceeded",), "", FATAL, "pod_deadline", "exceeded its activeDeadlineSeconds",
         "Remove or raise activeDeadlineSeconds."),
    Rule(("PodOSNotSupported", "InvalidNodeInfo"), "", FATAL, "node_incompatible", "was rejected by its node as incompatible",
         "See the message; select a compatible node."),
    Rule(("Evicted",), "", FATAL_AFTER_TIMEOUT, "evicted", "was evicted by its node",
         "Free the resource named in the message on the node (memory, disk), or set resource requests.", "", "unreachable_timeout"),
    Rule(("Preempting", "Terminated", "NodeShutdown", "NodeLost", "Shutdown"), "", FATAL_AFTER_TIMEOUT, "node_shutdown",
         "was terminated by a node shutdown or by preemption", "Check the nodes (kubectl get nodes) and pods of higher priority.", "",
         "unreachable_timeout"),
    Rule((), "", FATAL_AFTER_TIMEOUT, "pod_rejected", "was rejected or terminated by its node",
         "See the message; OutOf… means that the node does not have enough of the named resource.", "", "unreachable_timeout"),
)

# Events of a pod none of whose containers has started yet.
BEFORE_START = (
    Rule(("FailedMount", "FailedMapVolume"), r"failed to sync|not registered", PROGRESSING, "starting", "is waiting for the kubelet's cache",
         ""),
    Rule(("FailedMount",), r'configmap "kube-root-ca\.crt" not found', RETRYABLE, "root_ca", "is waiting for the namespace's kube-root-ca.crt",
         "Check that kube-controller-manager runs.", "", "unreachable_timeout"),
    Rule(("FailedMount",), r"configmap .*not found|references non-existent config", FATAL, "configmap_missing",
         "mounts a ConfigMap, or a key of one, that does not exist",
         "Create the ConfigMap with that key in the pod's namespace, or correct the name in the manifest."),
    Rule(("FailedMount",), r"secret .*not found|references non-existent secret", FATAL, "secret_missing",
         "mounts a Secret, or a key of one, that does not exist",
         "Create the Secret with that key in the pod's namespace (runbook_app.secrets), or correct the name in the manifest."),
    Rule(("FailedMount", "FailedAttachVolume", "FailedMapVolume"), "", RETRYABLE, "volume", "cannot mount a volume",
         "See the message; check the claim (kubectl describe pvc) and the node.", "", "unreachable_timeout"),
    Rule(("FailedCreatePodSandBox", "FailedCreatePodContainer", "NetworkNotReady", "CNIConfigError"), "", RETRYABLE, "sandbox",
         "cannot be set up by its node", "Check the node's network plugin and container runtime.", "", "unreachable_timeout"),
)

# Condition PodScheduled=False, by its message.
UNSCHEDULED = (
    Rule(("SchedulingGated",), "", PROGRESSING, "scheduling_gated", "is held back by a scheduling gate", ""),
    Rule((), r'persistentvolumeclaim "[^"]*" not found', FATAL_AFTER_TIMEOUT, "claim_missing",
         "references a PersistentVolumeClaim that does not exist", "Create the claim, or correct the name in the manifest.", "",
         "scheduling_timeout"),
    Rule((), r"unbound immediate PersistentVolumeClaims", RETRYABLE, "claim_pending",
         "is waiting for a PersistentVolumeClaim that is not bound",
         "Check the claim (kubectl describe pvc): its storage class, and whether a provisioner is running.", "", "unreachable_timeout"),
    Rule((), r"Insufficient|Too many pods", FATAL_AFTER_TIMEOUT, "insufficient_resources", "cannot be scheduled: insufficient resources",
         "Lower resources.requests, scale down other workloads, or give the cluster more resources (minikube start --cpus --memory).", "",
         "scheduling_timeout"),
    Rule((), r"volume node affinity conflict", FATAL_AFTER_TIMEOUT, "volume_on_other_node",
         "cannot be scheduled: its volume is on a node that it cannot use", "Let it run on the volume's node (kubectl describe pv), or use another claim.",
         "", "scheduling_timeout"),
    Rule((), r"didn't have free ports", FATAL_AFTER_TIMEOUT, "host_port_taken", "cannot be scheduled: its hostPort is taken on every node",
         "If its own old pod has the port, set strategy.type: Recreate. Otherwise choose another hostPort, or a Service instead of it.", "",
         "scheduling_timeout"),
    Rule((), r"anti-affinity", FATAL_AFTER_TIMEOUT, "anti_affinity", "cannot be scheduled: its anti-affinity excludes every node",
         "Use preferredDuringSchedulingIgnoredDuringExecution, fewer replicas, more nodes, or strategy.type: Recreate.", "", "scheduling_timeout"),
    Rule((), r"topology spread constraints", FATAL_AFTER_TIMEOUT, "topology_spread",
         "cannot be scheduled: its topology spread constraints exclude every node",
         "Label the nodes with the topologyKey, set whenUnsatisfiable: ScheduleAnyway, or raise maxSkew.", "", "scheduling_timeout"),
    Rule((), r"were unschedulable", FATAL_AFTER_TIMEOUT, "cordoned", "cannot be scheduled: the nodes are cordoned",
         "kubectl get nodes, then kubectl uncordon NODE.", "", "scheduling_timeout"),
    Rule((), r"node affinity|node selector|didn't match Pod's node", FATAL_AFTER_TIMEOUT, "no_matching_node",
         "cannot be scheduled: no node matches its node selector or affinity", "Correct nodeSelector or affinity, or label a node.", "",
         "scheduling_timeout"),
    Rule((), r"taint", FATAL_AFTER_TIMEOUT, "tainted", "cannot be scheduled: the nodes have taints that it does not tolerate",
         "Wait until the node is ready, remove the taint, or add a toleration.", "", "scheduling_timeout"),
    Rule((), "", FATAL_AFTER_TIMEOUT, "unschedulable", "cannot be scheduled", "See the message of the scheduler.", "", "scheduling_timeout"),
)

# Why a controller cannot create pods or a ReplicaSet: message of FailedCreate, or of the conditions ReplicaFailure and Progressing. The summaries
# are the reason alone; controller.py says what cannot be created.
NOT_CREATED = (
    Rule((), r"exceeded quota|failed quota", FATAL_AFTER_TIMEOUT, "quota",
         "the namespace's quota is exceeded, or requires values that the pods do not set",
         "Raise the ResourceQuota, lower or set resources in the manifest, or scale down other workloads.", "", "scheduling_timeout"),
    Rule((), r"failed calling webhook|failed to call webhook", RETRYABLE, "webhook_unreachable",
         "an admission webhook does not respond",
         "Restore the webhook's service that the message names, or remove its configuration if it is not needed.", "", "unreachable_timeout"),
    Rule((), r"admission webhook .* denied|denied the request", FATAL, "webhook_denied",
         "an admission webhook denied them", "Change the pod template as the webhook's message says."),
    Rule((), r"ValidatingAdmissionPolicy .* denied request", FATAL, "policy_denied",
         "an admission policy of the cluster denied them",
         "Change the pod template as the policy's message says. The policies: kubectl get validatingadmissionpolicies."),
    Rule((), r"violates PodSecurity", FATAL, "pod_security", "they violate the namespace's Pod Security level",
         "Set the securityContext fields that the message names, or another level on the namespace."),
    Rule((), r"serviceaccount .* not found|error looking up service account", FATAL_AFTER_TIMEOUT, "service_account_missing",
         "their ServiceAccount does not exist", "Create the ServiceAccount, or correct serviceAccountName.", "",
         "scheduling_timeout"),
    Rule((), r"forbidden|is invalid|must be|LimitRange|maximum .* usage|minimum .* usage|no PriorityClass", FATAL, "pod_invalid",
         "the API server rejected them", "Correct the pod template; the message names the field or the rule."),
    Rule((), "", RETRYABLE, "not_created", "", "See the message of the controller.", "", "unreachable_timeout"),
)
