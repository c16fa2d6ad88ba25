# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests of a re-encryption share: real rows, secrets by stages of a rotation, signers, and one whole run."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import NONCE, seal
from ansible_collections.runbook.minikube.plugins.module_utils.auth.other_data import PLACES
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt import Work
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_report import report
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_run import Run
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_tables import find_tables, names_of_others
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_target import Target
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names
from fake_tables import Played

VECTORS = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "auth/vectors").glob("*.json"))}
NEW = VECTORS["better-auth-1.7.25"]
A, B = NEW["secrets"]["A"], NEW["secrets"]["B"]
TOTP, CODES, TOKEN = PLACES[0], PLACES[1], PLACES[2]
TO_B2, TO_BARE_B, TO_BARE_A = Target(B, 2), Target(B), Target(A)

STAGE_0 = SigningSecrets(A)
STAGE_1 = SigningSecrets(A, {1: A, 2: B})
STAGE_2 = SigningSecrets(A, {2: B, 1: A})
STAGE_4 = SigningSecrets(B, {2: B})


def nonces():
    """A source of nonces that are never the same."""
    numbers = itertools.count()
    return lambda: next(numbers).to_bytes(NONCE, "big")


def work(target=TO_B2, *secrets):
    return Work(target, secrets or (A, B), nonces())


def bare(text="JBSWY3DPEHPK3PXP", secret=A, version=None):
    return seal(text, secret, bytes(NONCE), version)


def signer(secrets, pod="web-1", unknown=""):
    return Signer("Deployment/web", pod, "app", secrets, unknown)


def database(factors=7):
    keys = [
        {"id": name, "publicKey": key["publicKey"], "privateKey": key["privateKey"]} for name, key in NEW["keys"].items()
    ]
    two = [{"id": f"{number:03}", "secret": bare(f"S{number}"), "backupCodes": bare(f"C{number}")} for number in range(factors)]
    accounts = [
        {"id": "a", "accessToken": bare("token"), "refreshToken": "plain", "idToken": None},
        {"id": "b", "accessToken": None, "refreshToken": None, "idToken": None},
    ]
    return Played(jwks=keys, twoFactor=two, account=accounts)


def run(played, target=TO_B2, check=False, batch=3, scope_all=True):
    tables, missing = find_tables(played, Names(), names_of_others(None, {}), scope_all)
    outcome = Run(played, work(target), batch, check).over(tables)
    return report(outcome, target, [signer(STAGE_2)], missing)


def numbers(result):
    """The counts that are not 0, by column."""
    return {
        one["column"]: {state: number for state, number in one.items() if state not in ("table", "column") and number}
        for one in result["tables"]
    }


def found_tables(played, called=None, keys=Names(), writes_others=True):
    return find_tables(played, keys, names_of_others(None, called or {}), writes_others)
