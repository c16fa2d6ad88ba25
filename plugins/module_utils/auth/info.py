# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is reported of keys, signers and other data under the secret. Nothing of a secret or a key is in it."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.auth.keys import counts, keys_of, sign_in
from ansible_collections.runbook.minikube.plugins.module_utils.auth.options import Given
from ansible_collections.runbook.minikube.plugins.module_utils.auth.other_data import open_sessions, read_other_data
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names, read_table
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Database

SAME, DIFFERENT, NONE, UNKNOWN = "same", "different", "none", "unknown"


def info(database: Database, names: Names, given: Given, stores: str) -> dict:
    """Reads the database and reports. Raises RunbookError."""
    table = read_table(database, names)
    keys = keys_of(table.rows, given.secrets, stores)
    return {
        "signing_keys": [key.report() for key in keys],
        "counts": counts(keys),
        "sign_in": sign_in(keys),
        "can_retire": table.can_retire,
        "signers": signers_report(given.signers, given.secrets),
        "other_data": read_other_data(database, names.schema, given.secrets) if given.secrets else [],
        "open_sessions": open_sessions(database, names.schema),
    }


def signers_report(signers: list[Signer], secrets: SigningSecrets | None) -> list[dict]:
    """The running signers, and whether each has the secrets that keys are judged by. Pure."""
    return [
        {"workload": one.workload, "pod": one.pod, "container": one.container, "secret": compared(one, secrets), "reason": one.unknown}
        for one in signers
    ]


def compared(signer: Signer, secrets: SigningSecrets | None) -> str:
    """Whether a signer has these secrets: SAME, DIFFERENT, NONE (it has no secret) or UNKNOWN. Pure."""
    if signer.unknown:
        return UNKNOWN
    if signer.secrets is None:
        return NONE
    return SAME if signer.secrets == secrets else DIFFERENT
