# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option ``database``, and the way to the database that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.forward import Forward
from ansible_collections.runbook.minikube.plugins.module_utils.database.address import Address, address_of
from ansible_collections.runbook.minikube.plugins.module_utils.database.direct import Direct
from ansible_collections.runbook.minikube.plugins.module_utils.database.endpoint import Endpoint, endpoint_of, service_named
from ansible_collections.runbook.minikube.plugins.module_utils.database.pod import Pod
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Database, DatabaseError, Limits, Result, Statement
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.pods import Pods

DIRECT, PORT_FORWARD, POD = "direct", "port_forward", "pod"
OPTION = {
    "type": "dict",
    "required": True,
    "options": {
        "url": {"type": "str", "no_log": True},
        "secret": {"type": "str", "no_log": False},
        "key": {"type": "str", "no_log": False},
        "workload": {"type": "str"},
        "container": {"type": "str"},
        "env": {"type": "str", "default": "DATABASE_URL"},
        "via": {"type": "str", "choices": [DIRECT, PORT_FORWARD, POD]},
        "service": {"type": "str"},
        "connect_timeout": {"type": "int", "default": 10},
        "statement_timeout": {"type": "int", "default": 30},
        "lock_timeout": {"type": "int", "default": 5},
    },
    "mutually_exclusive": [["url", "secret", "workload"]],
    "required_one_of": [["url", "secret", "workload"]],
    "required_by": {"secret": ["key"], "container": ["workload"]},
}


class Tunnelled(Direct):
    """A database behind a forward, whose own trouble is told too."""

    def __init__(self, address: Address, limits: Limits, forward: Forward, endpoint: Endpoint):
        super().__init__(address, limits, forward.address, f", through a forward to pod {endpoint.namespace}/{endpoint.pod}")
        self._forward = forward

    def run(self, statements: list[Statement], write: bool) -> list[Result]:
        """See Database."""
        self._forward.failure = None
        try:
            return super().run(statements, write)
        except DatabaseError as error:
            # With a code it is the database's own word, and a failure of the forward is that of a connection closed before.
            if error.sqlstate or self._forward.failure is None:
                raise
            raise DatabaseError(f"{self.where}: {self._forward.failure}", unknown=error.unknown) from error


@contextmanager
def open_database(get_cluster: Callable[[], Cluster], namespace: str, option: dict, schema: str | None, hide: Callable) -> Iterator[Database]:
    """The database that the option names, open as long as the block runs. ``hide``: called with the URL and its password.

    ``schema``: what the module's option of that name says; a URL that says another one is refused, and one that alone names a schema is
    followed. ``get_cluster`` is called only where the cluster is needed. Raises RunbookError.
    """
    limits = Limits(option["connect_timeout"], option["statement_timeout"], option["lock_timeout"])
    via = option["via"] or (POD if option["workload"] else None)
    if via == POD:
        yield _pod(get_cluster(), namespace, option, schema, limits)
        return
    address = address_of(_url(get_cluster, namespace, option, hide), _origin(namespace, option))
    hide(address.secrets)
    address.require_schema(schema)
    if via != DIRECT and not option["service"]:
        address.require_elsewhere()
    service = service_named(option["service"] or address.host, namespace)
    if via is None:
        via = PORT_FORWARD if option["service"] or (service and get_cluster().get("Service", *service)) else DIRECT
    if via == DIRECT:
        yield Direct(address, limits)
        return
    endpoint = endpoint_of(get_cluster(), service, option["service"] or address.host, address.port)
    with Forward(get_cluster(), endpoint.namespace, endpoint.pod, endpoint.port) as forward:
        yield Tunnelled(address, limits, forward, endpoint)


def _pod(cluster: Cluster, namespace: str, option: dict, schema: str | None, limits: Limits) -> Pod:
    if not option["workload"]:
        raise RunbookError("database: via: pod needs the option workload, for example Deployment/backend-api.")
    asked = Pods(cluster).with_variable("database", option["workload"], namespace, option["container"], option["env"])[0]
    return Pod(cluster, asked.namespace, asked.pod, asked.reading.container, option["env"], schema, limits)


def _url(get_cluster: Callable[[], Cluster], namespace: str, option: dict, hide: Callable) -> str:
    if option["url"]:
        return option["url"]
    if option["workload"]:
        place = {"workload": option["workload"], "container": option["container"], "env": option["env"]}
    else:
        place = {"secret": option["secret"], "key": option["key"]}
    for found in observe(get_cluster(), namespace, [place], option="database"):
        if found.unknown:
            raise RunbookError(f"database: the URL in {found.label} is not known: {found.unknown}.")
        if not found.value:
            raise RunbookError(f"database: {found.label} has no value. Correct the options, or bring the value back first.")
        hide([found.value])
        try:
            return found.value.decode().strip()
        except UnicodeDecodeError as error:
            raise RunbookError(f"database: what {found.label} holds is no text.") from error
    raise RunbookError("database: no place was found to read the URL from.")


def _origin(namespace: str, option: dict) -> str:
    """Where the URL comes from, for messages."""
    if option["url"]:
        return "database.url"
    if option["workload"]:
        return f"The variable {option['env']} of {option['workload']} in namespace {namespace}"
    return f"Secret {namespace}/{option['secret']}, key {option['key']},"
