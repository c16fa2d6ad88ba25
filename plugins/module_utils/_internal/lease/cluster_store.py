# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lease as a coordination.k8s.io/v1 Lease in the cluster."""

from __future__ import annotations

from datetime import datetime

from ..clients.cluster.access import FORBIDDEN, not_allowed
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.retry import RETRY_STATUSES
from ..errors import RunbookError
from .plan import LeaseRecord
from .stored import WriteConflict, lease_of, record_of

FIELD_MANAGER = "runbook-lease"
LABELS = {"app.kubernetes.io/managed-by": "runbook.minikube"}


class ClusterStore:
    """A coordination.k8s.io/v1 Lease. Needs the verbs get, create and update on leases in its namespace."""

    def __init__(self, cluster: Cluster, namespace: str, name: str, kubectl: str = "kubectl"):
        self._cluster, self._namespace, self._name = cluster, namespace, name
        self.label = f"Lease {namespace}/{name}"
        self.force_hint = f"{kubectl} delete lease {name} -n {namespace}"

    def read(self) -> tuple[LeaseRecord, dict | None]:
        """The record and, as its version, the stored object."""
        try:
            lease = self._cluster.get("Lease", self._name, self._namespace)
        except ApiError as error:
            raise self._api_error(error, "get") from error
        return (record_of(lease) if lease else LeaseRecord()), lease

    def write(self, record: LeaseRecord, lease: dict | None) -> None:
        """Writes the record over ``lease``, or creates the object where there was none."""
        verb = "update" if lease else "create"
        body = lease_of(record, lease or {"metadata": {"name": self._name, "namespace": self._namespace, "labels": LABELS}})
        try:
            if lease:
                self._cluster.replace("Lease", self._name, body, self._namespace, field_manager=FIELD_MANAGER)
            else:
                self._cluster.create("Lease", body, self._namespace, field_manager=FIELD_MANAGER)
        except ApiError as error:
            if error.status == 409 or (error.status == 404 and lease):
                raise WriteConflict from error
            raise self._api_error(error, verb) from error

    def now(self) -> datetime:
        """The API server's time: all who want the lease compare with that, whatever their own clocks say."""
        return self._cluster.now()

    def _api_error(self, error: ApiError, verb: str) -> RunbookError:
        if error.status == FORBIDDEN:
            fix = f"Grant get, create and update on leases (coordination.k8s.io) in namespace {self._namespace}. {error}"
            return not_allowed(f"{verb} the {self.label}", None, "to keep two operators apart", fix, [f"{verb} leases"])
        if error.status == 404:
            return RunbookError(
                f"Namespace {self._namespace} of the {self.label} does not exist. Create it first (kubectl create namespace {self._namespace})."
            )
        return error if error.status in RETRY_STATUSES else RunbookError(f"The {self.label} can't be read or written: {error}")
