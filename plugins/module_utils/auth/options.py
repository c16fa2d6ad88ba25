# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of every module that looks at Better Auth's keys, and what they lead to."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import UNENCRYPTED, require_nacl
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer, agreed, given_secrets, running_signers
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.database.connect import OPTION as DATABASE
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import CLUSTER, KEYS, driver_for
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.intake import PLACE, RULES, without_values

OPTIONS = {
    "namespace": {"type": "str", "default": "default"},
    "database": DATABASE,
    "secret": {"type": "dict", "no_log": False, "options": PLACE, **RULES},
    "secrets": {"type": "dict", "no_log": False, "options": PLACE, **RULES},
    "signers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"workload": {"type": "str", "required": True}, "container": {"type": "str"}},
    },
    "private_keys": {"type": "str", "choices": ["encrypted", "unencrypted"], "default": "encrypted", "no_log": False},
    "table": {"type": "str", "default": "jwks"},
    "schema": {"type": "str"},
    "columns": {"type": "dict", "default": {}},
}
SHOWN = {"secret": without_values, "secrets": without_values}


def libraries(params: dict) -> list[str]:
    """The Python libraries that these options take."""
    keys = KEYS if params["private_keys"] != UNENCRYPTED else ()
    return [*CLUSTER, *keys, *driver_for(params["database"])]


@dataclass(frozen=True)
class Given:
    """The secrets to judge by, whether a person named them, and what the running signers have."""

    secrets: SigningSecrets | None
    named: bool
    signers: list[Signer]


class Intake:
    """The database and the secrets that a module's options lead to."""

    def __init__(self, module):
        self._module = module
        self.database = module.params["database"]
        self._places = {option: module.params[option] for option in SHOWN}
        module.hide(filter(None, [self.database["url"]]))

    def secrets(self) -> Given:
        """The secrets that the options lead to. Raises RunbookError where there is none, or where it is not one."""
        module, params = self._module, self._module.params
        if params["private_keys"] != UNENCRYPTED:
            require_nacl()
        secrets = None
        named = any(self._places.values())
        if named:
            reaches = any(place and not (place["file"] or place["value"]) for place in self._places.values())
            cluster = module.cluster if reaches else None
            secrets = given_secrets(cluster, params["namespace"], self._places["secret"], self._places["secrets"])
            module.hide(secrets.values)
        signers = running_signers(module.cluster, params["namespace"], params["signers"]) if params["signers"] else []
        for signer in signers:
            module.hide(signer.secrets.values if signer.secrets else ())
        if not named and params["private_keys"] != UNENCRYPTED:
            if not signers:
                raise RunbookError("Name the secret by which keys are judged: in the option secret or secrets, or signers that have it.")
            secrets = agreed(signers)
        return Given(secrets, named, signers)
