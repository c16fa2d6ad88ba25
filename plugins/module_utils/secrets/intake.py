# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Secrets that a module is given: what of them may be printed, and their sources.

Ansible's own way (``no_log`` on the option) hides every word of it, names and playbooks too, wherever it occurs in the result.
So the values alone are hidden, and what is printed keeps the kind of each source.
"""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.masking import HIDDEN
from ansible_collections.runbook.minikube.plugins.module_utils.secret_sources import Ref, Source, problems_of, sources_of
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.apply import random_text

SHOWN = ("generate", "copy", "rotated_by")


class Intake:
    """The given secrets, and those that are made."""

    def __init__(self, module):
        self._module = module
        self._given = module.params["secrets"]

    def sources(self) -> dict[Ref, Source]:
        """The checked sources. Raises RunbookError with everything that is wrong with them."""
        problems = [f"{place}: {sentence}" for place, sentence in problems_of(self._given, "secrets")]
        if problems:
            raise RunbookError("The option secrets is not right. " + "; ".join(problems), problems=problems)
        return sources_of(self._given)

    def generate(self, length: int) -> str:
        """A new random text, hidden from now on."""
        text = random_text(length)
        self._module.hide([text])
        return text


def without_values(secrets):
    """The option secrets as it may be printed, also where it is not what it should be."""
    if not isinstance(secrets, list):
        return HIDDEN if secrets else secrets
    return [_without_values(secret) for secret in secrets]


def _without_values(secret):
    if not isinstance(secret, dict):
        return HIDDEN
    data = secret.get("data")
    kinds = {key: _kind_of(source) for key, source in data.items()} if isinstance(data, dict) else HIDDEN
    return {"name": secret.get("name"), "data": kinds}


def _kind_of(source):
    if not isinstance(source, dict):
        return HIDDEN
    return {key: content if key in SHOWN and not isinstance(content, (dict, list)) else HIDDEN for key, content in source.items()}
