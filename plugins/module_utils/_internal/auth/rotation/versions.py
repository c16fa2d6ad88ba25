# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether an application supports versioned secrets: its pod template must pass the list on, and its Better Auth must know it."""

from __future__ import annotations

from ...clients.cluster.client import Cluster
from ...clients.cluster.errors import ApiError, Unreachable
from ...clients.cluster.exec import execute
from ...clients.secret_refs.consumers import consumers_of
from ...errors import NOTHING_CHANGED, RunbookError
from ..server_secrets import FALLBACK, SINGLE, VERSIONED, AuthServer
from .options import RotationOptions

TIMEOUT = 60  # seconds: the files of a large application are searched
# Better Auth's complaint about a malformed list (context/secret-utils in 1.7): only a release that reads the list has it, and bundlers keep texts.
MARKER_TEXT = f"Invalid {VERSIONED} entry"
# The working directory is where the application is.
SEARCH = f"""
const fs = require('fs'), path = require('path');
const reads = (file) => {{ try {{ return fs.readFileSync(file).includes('{MARKER_TEXT}'); }} catch {{ return false; }} }};
const entries = (folder) => {{ try {{ return fs.readdirSync(folder, {{withFileTypes: true}}); }} catch {{ return []; }} }};
const found = (folder) => entries(folder).some((one) => {{
  const place = path.join(folder, one.name);
  return one.isDirectory() ? found(place) : /\\.[cm]?js$/.test(one.name) && reads(place);
}});
console.log(found('.') ? 'known' : 'not known');
"""
SET_VERSIONED = "Set the option versioned."


def why_unversioned(cluster: Cluster, options: RotationOptions, servers: list[AuthServer]) -> str:
    """Why the application does not support versioned secrets, in a sentence; "" where it does.

    Raises RunbookError where its pods do not take the single secret from the Secret, or where a container can't be searched.
    """
    for index, server in enumerate(options.auth_servers):
        kind, _slash, name = server["workload"].partition("/")
        workload = cluster.get(kind, name, options.namespace)
        spec = workload["spec"]["template"]["spec"] if workload else {"containers": []}
        _require_single(spec, f"auth_servers[{index}]: {server['workload']}", options)
        if not _passes(spec, options.secret, options.versions_key, VERSIONED):
            return f"{server['workload']} does not take {VERSIONED} from the key {options.versions_key} of the Secret {options.secret}."
    if options.versioned:
        return ""
    one_of_each = {(server.workload, server.container): server for server in servers}.values()
    unaware = (server for server in one_of_each if not _supports_versions(cluster, options.namespace, server))
    return next((f"The Better Auth release of {server} does not support {VERSIONED}." for server in unaware), "")


def _require_single(spec: dict, where: str, options: RotationOptions) -> None:
    """Raises RunbookError where a pod template does not take BETTER_AUTH_SECRET from that key: a rotation there would change nothing."""
    if not any(_passes(spec, options.secret, options.key, variable) for variable in (SINGLE, FALLBACK)):
        raise RunbookError(
            f"{where} does not take {SINGLE} from the key {options.key} of the Secret {options.secret}. Correct the options secret and key. "
            f"{NOTHING_CHANGED}"
        )


def _passes(spec: dict, secret: str, key: str, variable: str) -> bool:
    return any(consumer.path == variable for consumer in consumers_of(spec, "Secret", secret, key))


def _supports_versions(cluster: Cluster, namespace: str, server: AuthServer) -> bool:
    problem = f"Could not find out whether the Better Auth release of {server} supports {VERSIONED}"
    try:
        done = execute(cluster, server.pod, namespace, server.container, ["node", "-e", SEARCH], timeout=TIMEOUT)
    except (ApiError, Unreachable, TimeoutError) as error:
        raise RunbookError(f"{problem}: {error}. {SET_VERSIONED}") from error
    if done.code != 0:
        raise RunbookError(f"{problem}: the container has no node to search its files with, or that failed. {SET_VERSIONED}")
    return done.stdout.strip() == b"known"
