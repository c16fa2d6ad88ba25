# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets with which the running signers really work, and where else the right secret may be named."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets, secrets_of
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.pods import Pods
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.running import Asked, Seen, look
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.value import text_of

SINGLE, VERSIONED = "BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS"
ENDING = 60  # seconds that pods which are ending are waited for: twice what Kubernetes gives them
PAUSE = 1  # seconds


@dataclass(frozen=True)
class Signer:
    """A running container that signs. ``secrets`` is None where it has none; ``unknown`` says why they are not known."""

    workload: str
    pod: str
    container: str
    secrets: SigningSecrets | None = None
    unknown: str = ""

    def __str__(self) -> str:
        return f"{self.workload} (pod {self.pod}, container {self.container})"


def running_signers(cluster: Cluster, namespace: str, signers: list[dict]) -> list[Signer]:
    """Every running container of the named workloads that signs. Raises RunbookError where a workload has none to ask.

    After a restart a pod that is ending may still have the former secret, or answer no more: where only that is in doubt, its end is
    waited for.
    """
    until = time.monotonic() + ENDING
    found = _asked(cluster, namespace, signers)
    while (disagreement(found) or _stages(found) > 1) and time.monotonic() < until and _some_are_ending(cluster, namespace, found):
        time.sleep(PAUSE)
        found = _asked(cluster, namespace, signers)
    return found


def _stages(signers: list[Signer]) -> int:
    """With how many different secrets signers write that read the same. Pure."""
    return len({signer.secrets.current_version for signer in signers if signer.secrets})


def _asked(cluster: Cluster, namespace: str, signers: list[dict]) -> list[Signer]:
    pods = Pods(cluster)
    asked: list[tuple[str, Asked]] = []
    for index, signer in enumerate(signers):
        for variable in (SINGLE, VERSIONED):
            found = pods.with_variable(f"signers[{index}]", signer["workload"], namespace, signer.get("container"), variable)
            asked += [(signer["workload"], one) for one in found]
    seen = look(cluster, [one for _workload, one in asked]) if asked else {}
    grouped: dict[tuple[str, str, str], dict[str, Seen]] = {}
    for workload, one in asked:
        grouped.setdefault((workload, one.pod, one.reading.container), {})[one.reading.where] = seen[one]
    return _those_that_sign([_signer(*place, answers) for place, answers in grouped.items()])


def _some_are_ending(cluster: Cluster, namespace: str, signers: list[Signer]) -> bool:
    staying = {pod["metadata"]["name"] for pod in cluster.list("Pod", namespace) if "deletionTimestamp" not in pod["metadata"]}
    return any(signer.pod not in staying for signer in signers)


def given_secrets(cluster: Cluster | None, namespace: str, single: dict | None, versioned: dict | None) -> SigningSecrets | None:
    """The secrets that the options ``secret`` and ``secrets`` name, None where neither is given."""
    if not single and not versioned:
        return None
    values = [_one(cluster, namespace, place, option) for place, option in ((single, "secret"), (versioned, "secrets"))]
    return secrets_of(*values, "The options secret and secrets")


def agreed(signers: list[Signer]) -> SigningSecrets:
    """The secrets that all signers have. Raises RunbookError where they are not known, or differ."""
    problem = disagreement(signers)
    if problem:
        raise RunbookError(f"{problem} Name the right secret in the option secret or secrets.")
    return signers[0].secrets


def disagreement(signers: list[Signer]) -> str:
    """Why the signers do not have one secret that is known, in a sentence; "" where they have. Pure."""
    if not signers:
        return "No signer is named."
    unknown = next((signer for signer in signers if signer.unknown), None)
    if unknown:
        return f"What {unknown} runs with is not known: {unknown.unknown}."
    without = next((signer for signer in signers if signer.secrets is None), None)
    if without:
        return f"{without} runs with neither {SINGLE} nor {VERSIONED}."
    other = next((signer for signer in signers if signer.secrets != signers[0].secrets), None)
    if other:
        return f"The running signers differ: {signers[0]} and {other} have different secrets. Bring all to the same one first."
    return ""


def _one(cluster: Cluster | None, namespace: str, place: dict | None, option: str) -> str | None:
    return text_of(observe(cluster, namespace, [place], option=option), option) if place else None


def _signer(workload: str, pod: str, container: str, answers: dict[str, Seen]) -> Signer:
    unknown = next((seen.unknown for seen in answers.values() if seen.unknown), "")
    if unknown:
        return Signer(workload, pod, container, unknown=unknown)
    values = {}
    for variable, seen in answers.items():
        values[variable] = (seen.value or b"").decode(errors="replace")
    if not any(values.values()):
        return Signer(workload, pod, container)
    try:
        return Signer(workload, pod, container, secrets_of(values.get(SINGLE), values.get(VERSIONED), container))
    except RunbookError as error:
        return Signer(workload, pod, container, unknown=str(error).rstrip("."))


def _those_that_sign(signers: list[Signer]) -> list[Signer]:
    """Leaves out containers without a secret in a pod that has one with it."""
    signing = {(signer.workload, signer.pod) for signer in signers if signer.secrets or signer.unknown}
    return [signer for signer in signers if signer.secrets or signer.unknown or (signer.workload, signer.pod) not in signing]
