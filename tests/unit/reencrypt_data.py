# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Data for the tests of a re-encryption: real rows, secrets by stages of a rotation, auth servers, and one whole run."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.ciphertext import NONCE_SIZE, encrypt
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.encrypted_columns import ENCRYPTED_COLUMNS
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import TableNames
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.apply import Reencryption
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.names import other_table_names
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.plan import ReencryptJob
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.tables import find_tables
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.target import ReencryptTarget
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.server_secrets import AuthServer
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from fake_tables import FakeTables

VECTORS = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "auth/vectors").glob("*.json"))}
NEW = VECTORS["better-auth-1.7.25"]
A, B = NEW["secrets"]["A"], NEW["secrets"]["B"]
TOTP, CODES, TOKEN = ENCRYPTED_COLUMNS[0], ENCRYPTED_COLUMNS[1], ENCRYPTED_COLUMNS[2]
TO_B2, TO_BARE_B, TO_BARE_A = ReencryptTarget(B, 2), ReencryptTarget(B), ReencryptTarget(A)

IDLE = SigningSecrets(A)
ADDED = SigningSecrets(A, {1: A, 2: B})
PROMOTED = SigningSecrets(A, {2: B, 1: A})
OLD_REMOVED = SigningSecrets(B, {2: B})


def nonces():
    """A source of nonces that are never the same."""
    numbers = itertools.count()
    return lambda: next(numbers).to_bytes(NONCE_SIZE, "big")


def job(target=TO_B2, *secrets):
    return ReencryptJob(target, secrets or (A, B), nonces())


def bare(text="JBSWY3DPEHPK3PXP", secret=A, version=None):
    return encrypt(text, secret, bytes(NONCE_SIZE), version)


def server(secrets, pod="web-1", unknown=""):
    return AuthServer("Deployment/web", pod, "app", secrets, unknown)


def sample_tables(factors=7):
    keys = [
        {"id": name, "publicKey": key["publicKey"], "privateKey": key["privateKey"]} for name, key in NEW["keys"].items()
    ]
    two = [{"id": f"{number:03}", "secret": bare(f"S{number}"), "backupCodes": bare(f"C{number}")} for number in range(factors)]
    accounts = [
        {"id": "a", "accessToken": bare("token"), "refreshToken": "plain", "idToken": None},
        {"id": "b", "accessToken": None, "refreshToken": None, "idToken": None},
    ]
    return FakeTables(jwks=keys, twoFactor=two, account=accounts)


def run(database, target=TO_B2, check=False, batch=3, scope_all=True):
    found = found_tables(database, writes_others=scope_all)
    result = Reencryption(database, job(target), batch, check).run(found.tables)
    return report(result, target, [server(PROMOTED)], found)


def numbers(result):
    """The counts that are not 0, by column."""
    return {
        one["column"]: {state: number for state, number in one.items() if state not in ("table", "column") and number}
        for one in result["tables"]
    }


def found_tables(database, renamed=None, columns=None, keys=TableNames(), writes_others=True):
    return find_tables(database, keys, other_table_names(None, renamed or {}, columns or {}), writes_others, ENCRYPTED_COLUMNS)
