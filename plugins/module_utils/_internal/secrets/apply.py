# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates and updates the Secrets of an application.

Two concurrent runs never generate twice: the API refuses the second write, and that run reads again and finds the first one's value.
"""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Callable

from ..clients.cluster.client import MERGE_PATCH, Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.former import FormerValue, keep_former_values
from ..clients.cluster.secrets import FIELD_MANAGER, MANAGED_BY, MANAGER, StoredSecret, require_write_permissions
from ..errors import RunbookError
from .observe import observe
from .options import SecretsOptions
from .plan import SecretsPlan, Write, make_plan, overwritten_values, revert_warnings, rotation_warnings
from .report import SecretsResult

ALPHABET = string.ascii_letters + string.digits  # needs no quoting in a URL, an environment file, YAML and a shell
ATTEMPTS = 5  # a further one only after a concurrent write


def random_text(length: int) -> str:
    """Letters and digits from the system's source of randomness."""
    return "".join(secrets.choice(ALPHABET) for _character in range(length))


def hidden_generator(hide: Callable) -> Callable[[int], str]:
    """random_text that hides every generated text."""

    def generate(length: int) -> str:
        text = random_text(length)
        hide([text])
        return text

    return generate


def ensure(cluster: Cluster, options: SecretsOptions, generate: Callable[[int], str], check: bool) -> SecretsResult:
    """Observes, plans, writes and verifies; with ``check`` it only observes and plans. Raises RunbookError with what was written."""
    result = SecretsResult()
    try:
        return _ensure(cluster, options, generate, check, result)
    except RunbookError as error:
        raise RunbookError(f"{result.progress()} {error}", **error.facts) from error


def _ensure(cluster: Cluster, options: SecretsOptions, generate, check: bool, result: SecretsResult) -> SecretsResult:
    names = {ref.secret for ref in options.sources}
    for _attempt in range(ATTEMPTS):
        stored = observe(cluster, options.namespace, names)
        plan = make_plan(stored, options.sources, generate)
        result.warnings += rotation_warnings(options.sources, stored)
        if not plan.writes and not check:  # also verifies the writes of the previous attempt
            result.complete(plan, stored)
            return result
        require_permissions(cluster, options.namespace, plan.writes)
        kept = _plan_former_values(cluster, options.namespace, plan, stored)
        result.warnings += revert_warnings(plan, stored, options.namespace)
        if check:
            result.predict(plan, stored, kept)
            return result
        _write_all(cluster, options, plan, stored, result)
    raise RunbookError(
        f"The Secrets {', '.join(sorted(names))} in namespace {options.namespace} were changed by somebody else during each of "
        f"{ATTEMPTS} attempts. Find out who writes them (kubectl get secret NAME --show-managed-fields -o yaml) and run again."
    )


def require_permissions(cluster: Cluster, namespace: str, writes: list[Write]) -> None:
    """Raises RunbookError naming the permissions that the writes need and this user lacks."""
    patched = {write.secret for write in writes if not write.create}
    require_write_permissions(cluster, namespace, any(write.create for write in writes), patched)


def _plan_former_values(cluster: Cluster, namespace: str, plan: SecretsPlan, stored: dict[str, StoredSecret]) -> list[FormerValue]:
    """Where all values that the plan replaces will be kept. Raises RunbookError with every Secret whose values can't be."""
    kept, refusals = [], []
    for name in sorted({write.secret for write in plan.writes}):
        try:
            kept += keep_former_values(cluster, namespace, name, overwritten_values(plan, stored, name), check=True)
        except RunbookError as error:
            if "refusals" not in error.facts:
                raise
            refusals += error.facts["refusals"]
    if refusals:
        raise RunbookError(" ".join(refusals), refusals=refusals)
    return kept


def _write_all(cluster: Cluster, options: SecretsOptions, plan: SecretsPlan, stored: dict[str, StoredSecret], result: SecretsResult) -> None:
    """Writes until done or until a concurrent write; the caller observes again in both cases."""
    versions = {name: secret.version for name, secret in stored.items()}
    for write in plan.writes:
        result.keep(keep_former_values(cluster, options.namespace, write.secret, overwritten_values(plan, stored, write.secret)))
        try:
            written = _create(cluster, options, write) if write.create else _patch(cluster, options.namespace, write, versions)
        except ApiError as error:
            if error.status == 409 or (error.status == 404 and not write.create):
                return
            raise _write_error(error, options.namespace, write) from error
        versions[write.secret] = written["metadata"]["resourceVersion"]
        result.add(write, plan.keys)


def _create(cluster: Cluster, options: SecretsOptions, write: Write) -> dict:
    metadata = {"name": write.secret, "namespace": options.namespace, "labels": {**options.labels, MANAGED_BY: MANAGER}}
    body = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": _encoded(write)}
    return cluster.create("Secret", body, options.namespace, field_manager=FIELD_MANAGER)


def _patch(cluster: Cluster, namespace: str, write: Write, versions: dict) -> dict:
    body = {"metadata": {"resourceVersion": versions[write.secret]}, "data": _encoded(write)}
    return cluster.patch("Secret", write.secret, body, namespace, content_type=MERGE_PATCH, field_manager=FIELD_MANAGER)


def _encoded(write: Write) -> dict[str, str]:
    return {key: base64.b64encode(value).decode() for key, value in write.data.items()}


def _write_error(error: ApiError, namespace: str, write: Write) -> RunbookError:
    if error.status == 404:
        return RunbookError(
            f"Namespace {namespace} of the Secret {write.secret} does not exist. Create it first (kubectl create namespace {namespace})."
        )
    return RunbookError(f"The Secret {write.secret} in namespace {namespace} could not be written: {error}")
