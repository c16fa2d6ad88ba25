# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes the secrets out of a module's parameters, so that nothing which Ansible prints later can hold one.

Ansible's own way (``no_log`` on the option) hides every word of it, names and playbooks too, wherever it occurs in the result.
So the values alone are kept hidden, and the parameters that Ansible would print keep the kind of each source only.
"""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import AUTH_ARG_SPEC
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_sources import Ref, Source, problems_of, sources_of
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.apply import random_text

SHORTEST_HIDDEN = 8  # a shorter value, such as a user's name, would black out the names in the result; no message holds it anyway


class Intake:
    """The given secrets, taken out of ``module.params`` at once."""

    def __init__(self, module):
        self._module = module
        self._given = module.params["secrets"]
        module.params["secrets"] = [redacted(secret) for secret in self._given]
        connection = [str(module.params[name]) for name, spec in AUTH_ARG_SPEC.items() if spec.get("no_log") and module.params.get(name)]
        module.no_log_values = {*connection, *filter(_long, _texts(self._given))}

    def sources(self) -> dict[Ref, Source]:
        """The checked sources. Raises RunbookError with everything that is wrong with them."""
        problems = [f"{place}: {sentence}" for place, sentence in problems_of(self._given, "secrets")]
        if problems:
            raise RunbookError("The option secrets is not right. " + "; ".join(problems), problems=problems)
        return sources_of(self._given)

    def generate(self, length: int) -> str:
        """A new random text, hidden from now on."""
        text = random_text(length)
        self._module.no_log_values.add(text)
        return text


def redacted(secret: dict) -> dict:
    """A Secret's description without its values and templates."""
    return {"name": secret["name"], "data": {key: _redacted_source(source) for key, source in secret["data"].items()}}


def _redacted_source(source):
    if not isinstance(source, dict):
        return "<hidden>"
    shown = {"generate", "copy", "rotated_by"}
    return {key: content if key in shown and not isinstance(content, (dict, list)) else "<hidden>" for key, content in source.items()}


def _texts(given: list[dict]):
    """Every text that may be a secret: all but what redacted() shows."""
    for secret in given:
        for source in secret["data"].values():
            contents = source if isinstance(source, dict) else {"": source}
            yield from (str(content) for key, content in contents.items() if key not in ("generate", "copy", "rotated_by"))


def _long(text: str) -> bool:
    return len(text) >= SHORTEST_HIDDEN
