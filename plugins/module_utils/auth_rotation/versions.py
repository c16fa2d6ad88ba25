# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether an application can run with numbered secrets: its pod template has to pass the list on, and its Better Auth to know it."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import SINGLE, VERSIONED, Signer
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.wish import Wish
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.exec import execute
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.readers import readings

TIMEOUT = 60  # seconds: the files of a large application are looked through
# Better Auth's complaint about a malformed list (context/secret-utils in 1.7): only a release that reads the list has it, and bundlers keep texts.
KNOWS = f"Invalid {VERSIONED} entry"
# The working directory is where the application lies.
SEARCH = f"""
const fs = require('fs'), path = require('path');
const reads = (file) => {{ try {{ return fs.readFileSync(file).includes('{KNOWS}'); }} catch {{ return false; }} }};
const entries = (folder) => {{ try {{ return fs.readdirSync(folder, {{withFileTypes: true}}); }} catch {{ return []; }} }};
const found = (folder) => entries(folder).some((one) => {{
  const place = path.join(folder, one.name);
  return one.isDirectory() ? found(place) : /\\.[cm]?js$/.test(one.name) && reads(place);
}});
console.log(found('.') ? 'known' : 'not known');
"""
UNSURE = "Say it with the option versioned."


def why_without(cluster: Cluster, wish: Wish, running: list[Signer]) -> str:
    """Why the application can't run with numbered secrets, in a sentence; "" where it can.

    Raises RunbookError where its pods do not take the one secret from the Secret, or where a container can't be asked.
    """
    for index, signer in enumerate(wish.signers):
        kind, _slash, name = signer["workload"].partition("/")
        spec = cluster.get(kind, name, wish.namespace)["spec"]["template"]["spec"]
        _require_single(spec, f"signers[{index}]: {signer['workload']}", wish)
        if not _passes(spec, wish.secret, wish.list_key, VERSIONED):
            return f"{signer['workload']} does not take {VERSIONED} from the key {wish.list_key} of the Secret {wish.secret}."
    if wish.versioned:
        return ""
    unaware = (one for one in _one_of_each(running) if not _knows(cluster, wish.namespace, one))
    return next((f"The Better Auth in the files of {one} does not know {VERSIONED}." for one in unaware), "")


def _require_single(spec: dict, where: str, wish: Wish) -> None:
    """Raises RunbookError where a pod template does not take BETTER_AUTH_SECRET from that key: a rotation there would change nothing."""
    if not _passes(spec, wish.secret, wish.key, SINGLE):
        raise RunbookError(
            f"{where} does not take {SINGLE} from the key {wish.key} of the Secret {wish.secret}. Correct the options secret and key. "
            "Nothing was changed."
        )


def _passes(spec: dict, secret: str, key: str, variable: str) -> bool:
    return any(reading.where == variable for reading in readings(spec, "Secret", secret, key))


def _one_of_each(running: list[Signer]) -> list[Signer]:
    return list({(one.workload, one.container): one for one in running}.values())


def _knows(cluster: Cluster, namespace: str, signer: Signer) -> bool:
    where = f"Whether the Better Auth of {signer} knows versions of a secret can't be found out"
    try:
        done = execute(cluster, signer.pod, namespace, signer.container, ["node", "-e", SEARCH], timeout=TIMEOUT)
    except (ApiError, Unreachable, TimeoutError) as error:
        raise RunbookError(f"{where}: {error}. {UNSURE}") from error
    if done.code != 0:
        raise RunbookError(f"{where}: it has no node to look with, or that failed. {UNSURE}")
    return done.stdout.strip() == b"known"
