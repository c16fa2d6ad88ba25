# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of auth_reencrypt, and the secrets, the target and the signers that they lead to."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import UNENCRYPTED, require_nacl
from ansible_collections.runbook.minikube.plugins.module_utils.auth.options import OPTIONS as COMMON
from ansible_collections.runbook.minikube.plugins.module_utils.auth.options import SHOWN as SHOWN_IN_COMMON
from ansible_collections.runbook.minikube.plugins.module_utils.auth.options import Intake
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_tables import names_of_others
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_target import Target, require_readers, target_of, unable
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer, agreed, running_signers
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names, names_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import CLUSTER, KEYS, driver_for
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.intake import PLACE, RULES, without_values
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.value import text_of

ALL = "all"
LARGEST_BATCH = 10_000
OPTIONS = {
    **COMMON,
    "old_secrets": {"type": "list", "elements": "dict", "default": [], "no_log": False, "options": PLACE, **RULES},
    "target": {"type": "str", "default": "current"},
    "scope": {"type": "str", "choices": [ALL, "jwks"], "default": ALL},
    "other_names": {"type": "dict", "default": {}},
    "batch_size": {"type": "int", "default": 1000},
    "force": {"type": "bool", "default": False},
}
SHOWN = {**SHOWN_IN_COMMON, "old_secrets": without_values}


def libraries(params: dict) -> list[str]:
    """The Python libraries that these options take."""
    return [*CLUSTER, *KEYS, *driver_for(params["database"])]


@dataclass(frozen=True)
class Wish:
    """What is to be done, and with what. ``keys``: None where the table of keys is left out."""

    target: Target
    secrets: tuple[str, ...] = field(repr=False)  # all that may read, the target's first
    signers: list[Signer]
    keys: Names | None
    others: dict[str, Names]


class ReencryptIntake:
    """The database, the target, the secrets and the signers that a module's options lead to."""

    def __init__(self, module):
        self._module = module
        self._old = module.params["old_secrets"]
        self._common = Intake(module)
        self.database = self._common.database

    def wish(self) -> Wish:
        """What the options ask for. Raises RunbookError, also where a running signer could not read what would be written."""
        params = self._module.params
        require_nacl()
        if not 1 <= params["batch_size"] <= LARGEST_BATCH:
            raise RunbookError(f"batch_size: {params['batch_size']} is not from 1 to {LARGEST_BATCH}.")
        keys = names_of(params["table"], params["schema"], params["columns"]) if params["private_keys"] != UNENCRYPTED else None
        others = names_of_others(params["schema"], params["other_names"])
        given = self._common.secrets()
        secrets = given.secrets or agreed(given.signers)
        target = target_of(params["target"], secrets, [] if given.named else given.signers)
        require_readers(target, given.signers, params["force"])
        signing = {value for signer in given.signers if signer.secrets for value in signer.secrets.values}
        reading = dict.fromkeys([target.secret, *sorted(secrets.values | signing), *self._old_values()])
        return Wish(target, tuple(reading), given.signers, keys, others)

    def signers_now(self, target: Target) -> list[Signer]:
        """The running signers after the database was written. Raises RunbookError where one has started that can't read it."""
        params = self._module.params
        try:
            signers = running_signers(self._module.cluster, params["namespace"], params["signers"]) if params["signers"] else []
        except RunbookError as error:
            message = f"Everything was written {target}. Then the signers could not be looked at again: {error}"
            raise RunbookError(message, **error.facts, changed=True) from error
        problem = unable(target, signers)
        if problem:
            message = f"Everything was written {target}, and meanwhile a signer was started with other secrets. {problem}"
            raise RunbookError(message, changed=True)
        return signers

    def _old_values(self) -> list[str]:
        """The secrets that the option old_secrets names; containers of one place may have different ones, and all are tried."""
        module, places = self._module, self._old
        if not places:
            return []
        reaches = any(not (place["file"] or place["value"]) for place in places)
        found = observe(module.cluster if reaches else None, module.params["namespace"], places, option="old_secrets[{}]")
        values = [text_of([one], "old_secrets") for one in found]
        module.hide(values)
        return values
