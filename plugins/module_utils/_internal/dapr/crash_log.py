# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the log of a process of Dapr's tells about its end. Pure."""

from __future__ import annotations

import re

# Kinds of an end of daprd. Only for lack of the control plane a new pod helps, which does not wait for the next attempt.
COMPONENT_REFUSED, CONFIGURATION_MISSING = "component_refused", "configuration_missing"
OUT_OF_MEMORY, WITHOUT_CONTROL_PLANE, UNKNOWN = "out_of_memory", "daprd_crashed", "daprd_crash_unknown"
TOKEN_MISSING = "service_account_token_missing"
TOKEN_ERROR = re.compile(r"serviceaccount/token|in-cluster config", re.IGNORECASE)
COMPONENT_ERROR = re.compile(r"INIT_COMPONENT_FAILURE|process component|init component|failed to load components|component .* not found", re.IGNORECASE)
CONFIGURATION_ERROR = re.compile(r"desc = failed to get configuration|error loading configuration: .*not found|configuration \S+ not found", re.IGNORECASE)
CONTROL_PLANE_ERROR = re.compile(
    r"identity certificate|dapr-(sentry|api|placement|scheduler)|error loading configuration|connecting to (the )?(operator|sentry|placement|scheduler)"
    r"|error getting (components|configuration)|x509|authentication handshake failed",
    re.IGNORECASE,
)
PATTERNS = {
    TOKEN_MISSING: TOKEN_ERROR, COMPONENT_REFUSED: COMPONENT_ERROR, CONFIGURATION_MISSING: CONFIGURATION_ERROR, WITHOUT_CONTROL_PLANE: CONTROL_PLANE_ERROR,
}
ERROR_LINE = re.compile(r'level=(fatal|error)|"level":"(fatal|error)"|^(panic|fatal error):')
FATAL_LINE = re.compile(r'level=fatal|"level":"fatal"|^(panic|fatal error):')
# Frames and registers of Go's stack traces.
STACK_FRAME = re.compile(r"^goroutine \d+|^\s+\S+\.go:\d+|^[\w./*()\[\]{}-]+\(.*\)$|^created by |^exit status \d+$|^r\w+ +0x")
STEPS = {
    COMPONENT_REFUSED: "Correct the component that the error names (kubectl get components.dapr.io -A), or recover the service that it connects to; "
    "then daprd starts.",
    CONFIGURATION_MISSING: "Create the Configuration {configuration} in namespace {namespace}, or correct the annotation dapr.io/config of the pod template.",
    TOKEN_MISSING: "Set automountServiceAccountToken: true in the pod template, or remove it there and from the ServiceAccount: daprd reads Kubernetes' API.",
    OUT_OF_MEMORY: "Raise the annotation dapr.io/sidecar-memory-limit in the pod template. A new pod with the same limit would be killed again.",
    UNKNOWN: "Its cause is not known, so nothing is done about it. See the whole log: kubectl logs {pod} -n {namespace} -c daprd --previous",
}
LAST_LINES = 3


def classify_end(log: str, reason: str) -> str:
    """The kind of daprd's last end. ``reason``: Kubernetes' reason of its termination."""
    if reason == "OOMKilled":
        return OUT_OF_MEMORY
    error = last_error(log)
    return next((kind for kind, pattern in PATTERNS.items() if pattern.search(error)), UNKNOWN)


def last_error(log: str) -> str:
    """The last error of a log, fatal ones first: only its message if the line has one. Frames of a stack trace are no error."""
    lines = _lines(log)
    found = [line for line in lines if ERROR_LINE.search(line)] or lines[-1:]
    fatal = [line for line in found if FATAL_LINE.search(line)]
    return _message((fatal or found or [""])[-1])


def last_lines(log: str) -> str:
    """The messages of the last lines, for an end whose cause is not known."""
    return " | ".join(map(_message, _lines(log)[-LAST_LINES:]))


def _lines(log: str) -> list[str]:
    return [line for line in log.splitlines() if line.strip() and not STACK_FRAME.search(line)]


def _message(line: str) -> str:
    message = re.search(r'msg="((?:[^"\\]|\\.)*)"', line) or re.search(r'"msg":"((?:[^"\\]|\\.)*)"', line)
    return (message[1].replace('\\"', '"') if message else line).strip()
