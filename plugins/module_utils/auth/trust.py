# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a secret may decide which keys go. Pure.

A wrong secret reads no key at all, as the right one does after the incident; the keys can't tell these apart. The running signers
can: what they run with is what keys have to fit.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.runbook.minikube.plugins.module_utils.auth.info import SAME, UNKNOWN, compared
from ansible_collections.runbook.minikube.plugins.module_utils.auth.keys import Key
from ansible_collections.runbook.minikube.plugins.module_utils.auth.options import Given
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

FORCE = "If you are sure, set force: true."
UNSURE = "Nothing was changed."


def require_trust(given: Given, keys: Iterable[Key], force: bool) -> None:
    """Raises RunbookError where nothing shows that ``given`` is what the application signs with."""
    if given.secrets is None:  # the application stores its keys unencrypted, so that no secret matters
        problem = _unconfirmed(keys, "Not one key is stored unencrypted, so nothing shows that the application does so.", "private_keys")
    elif given.signers:
        problem = _against_signers(given)
    else:
        words = "The secret reads not one of the keys, and no signer is named that shows whether it is the right one."
        problem = _unconfirmed(keys, words, "signers, or correct secret or secrets")
    if problem and not force:
        raise RunbookError(f"{problem} {FORCE} {UNSURE}")


def _against_signers(given: Given) -> str:
    """Why the signers leave a doubt. Raises RunbookError where they leave none that the secret is wrong: no force helps then."""
    answers = [(signer, compared(signer, given.secrets)) for signer in given.signers]
    others = [signer for signer, answer in answers if answer not in (SAME, UNKNOWN)]
    if len(others) == len(answers):
        raise RunbookError(
            f"No running signer has the secret of the options secret and secrets: {_named(others)}. Name the one that they run with (both "
            f"variables, where both are set), or leave the options out to take it from the signers, or restart them first. {UNSURE}"
        )
    if others:
        return f"Not every running signer has the secret: {_named(others)}. Bring all to the same one first, by a restart for example."
    unknown = next((signer for signer, answer in answers if answer == UNKNOWN), None)
    return f"What {unknown} runs with is not known: {unknown.unknown}." if unknown else ""


def _named(signers: list[Signer]) -> str:
    return ", ".join(f"{one} has {'another' if one.secrets else 'none'}" for one in signers)


def _unconfirmed(keys: Iterable[Key], words: str, options: str) -> str:
    return "" if any(key.usable for key in keys) else f"{words} Correct or name the option {options}."
