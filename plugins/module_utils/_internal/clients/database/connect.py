# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Opens the database that the option ``database`` names: directly, through a forward, or from inside a pod."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...errors import RunbookError
from ..cluster.client import Cluster
from ..cluster.forward import Forward
from ..secret_refs.observe import observe
from ..secret_refs.pods import PodFinder
from .address import Address, address_of
from .direct import DirectDatabase
from .endpoint import Endpoint, endpoint_of, service_named
from .options import DIRECT, POD, PORT_FORWARD, DatabaseOptions
from .pod import PodDatabase
from .statements import Database, DatabaseError, Limits, Result, Statement


class ForwardedDatabase(DirectDatabase):
    """A database behind a forward, whose own failure is reported too."""

    def __init__(self, address: Address, limits: Limits, forward: Forward, endpoint: Endpoint):
        super().__init__(address, limits, forward.address, f", through a forward to pod {endpoint.namespace}/{endpoint.pod}")
        self._forward = forward

    def run(self, statements: list[Statement], write: bool) -> list[Result]:
        """See Database."""
        self._forward.failure = None
        try:
            return super().run(statements, write)
        except DatabaseError as error:
            # With an SQLSTATE it is the database's own message, and the forward's failure is that of a connection closed before.
            if error.sqlstate or self._forward.failure is None:
                raise
            raise DatabaseError(f"{self.where}: {self._forward.failure}", unknown=error.unknown) from error


@contextmanager
def open_database(
    get_cluster: Callable[[], Cluster], namespace: str, options: DatabaseOptions, schema: str | None, hide: Callable
) -> Iterator[Database]:
    """The database that the options name, open as long as the block runs. ``hide``: called with the URL and its password.

    ``schema``: the module's option of that name; a URL with a different one is refused, and a URL's schema alone is used.
    ``get_cluster`` is called only where the cluster is needed. Raises RunbookError.
    """
    if options.via == POD:
        yield _pod_database(get_cluster(), namespace, options, schema)
        return
    address = address_of(_read_url(get_cluster, namespace, options, hide), options.origin(namespace))
    hide(address.secrets)
    address.require_schema(schema)
    if options.via != DIRECT and not options.service:
        address.require_elsewhere()
    service = service_named(options.service or address.host, namespace)
    via = options.via
    if via is None:
        via = PORT_FORWARD if options.service or (service and get_cluster().get("Service", *service)) else DIRECT
    if via == DIRECT:
        yield DirectDatabase(address, options.limits)
        return
    endpoint = endpoint_of(get_cluster(), service, options.service or address.host, address.port)
    with Forward(get_cluster(), endpoint.namespace, endpoint.pod, endpoint.port) as forward:
        yield ForwardedDatabase(address, options.limits, forward, endpoint)


def _pod_database(cluster: Cluster, namespace: str, options: DatabaseOptions, schema: str | None) -> PodDatabase:
    if not options.workload:
        raise RunbookError("database: via: pod needs the option workload, for example Deployment/backend-api.")
    lookup = PodFinder(cluster).with_variable("database", options.workload, namespace, options.container, options.env)[0]
    return PodDatabase(cluster, lookup.namespace, lookup.pod, lookup.consumer.container, options.env, schema, options.limits)


def _read_url(get_cluster: Callable[[], Cluster], namespace: str, options: DatabaseOptions, hide: Callable) -> str:
    if options.url is not None:
        return options.url
    for read in observe(get_cluster(), namespace, [options.location], option="database"):
        if read.unknown:
            raise RunbookError(f"database: the URL in {read.label} could not be read: {read.unknown}.")
        if not read.value:
            raise RunbookError(f"database: {read.label} has no value. Correct the options, or restore the value first.")
        hide([read.value])
        try:
            return read.value.decode().strip()
        except UnicodeDecodeError as error:
            raise RunbookError(f"database: the value of {read.label} is not valid UTF-8.") from error
    raise RunbookError("database: no location to read the URL from was found.")
