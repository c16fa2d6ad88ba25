# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a lease is stored: an object in the cluster, or a lock file before the cluster answers.

Both return the record with a version, and write another one only if that version is still current; a concurrent write raises WriteConflict.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from ..clients.cluster.access import FORBIDDEN, not_allowed
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..errors import NOTHING_CHANGED, RunbookError
from .identity import Holder
from .options import PROFILE, LeaseOptions
from .plan import LeaseRecord

ANNOTATION = "runbook.minikube/holder"  # the holder as JSON; holderIdentity is for people and other tools
FIELD_MANAGER = "runbook-lease"
LABELS = {"app.kubernetes.io/managed-by": "runbook.minikube"}
MICRO_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class WriteConflict(Exception):
    """A concurrent write: read again."""


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

    def _api_error(self, error: ApiError, verb: str) -> RunbookError:
        if error.status == FORBIDDEN:
            fix = f"{NOTHING_CHANGED} Grant get, create and update on leases (coordination.k8s.io) in namespace {self._namespace}. {error}"
            return not_allowed(f"{verb} the {self.label}", None, "to keep two operators apart", fix, [f"{verb} leases"])
        if error.status == 404:
            return RunbookError(
                f"Namespace {self._namespace} of the {self.label} does not exist. Create it first (kubectl create namespace {self._namespace})."
            )
        return RunbookError(f"The {self.label} can't be read or written: {error}")


class FileStore:
    """A JSON file. It is locked (flock) only during a write, so a killed run leaves no lock behind."""

    def __init__(self, path: str):
        self._path = Path(path).expanduser()
        self.label = f"lock file {self._path}"
        self.force_hint = f"rm {self._path}"

    def read(self) -> tuple[LeaseRecord, str]:
        """The record and, as its version, the text of the file ("" without a file)."""
        with _file_errors(self.label):
            try:
                text = self._path.read_text(encoding="utf-8")
            except FileNotFoundError:
                text = ""
            except UnicodeDecodeError:
                raise RunbookError(_not_a_lock(self.label)) from None
        if not _is_lock(text):
            raise RunbookError(_not_a_lock(self.label))
        return _record_of_text(text), text

    def write(self, record: LeaseRecord, text: str) -> None:
        """Writes the record if the content of the file is still ``text``; a record without a holder removes the file."""
        with _file_errors(self.label), self._locked() as file:
            if file.read() != text:
                raise WriteConflict
            if record.identity is None:
                self._path.unlink()
                return
            file.seek(0)
            file.truncate()
            file.write(json.dumps(lease_of(record, {"metadata": {}})) + "\n")

    @contextmanager
    def _locked(self):
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644), "r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(file, self._path):
                raise WriteConflict  # removed between opening and locking
            yield file


def open_store(connect: Callable[[], Cluster], options: LeaseOptions) -> ClusterStore | FileStore:
    """The store that the options name; ``connect`` is called only where it is in the cluster."""
    if options.scope == PROFILE:
        return FileStore(options.lock_file)
    return ClusterStore(connect(), options.namespace, options.name, options.kubectl)


def record_of(lease: dict) -> LeaseRecord:
    """Reads a Lease as the API sends it."""
    spec = lease.get("spec") or {}
    identity = spec.get("holderIdentity") or None
    return LeaseRecord(
        identity=identity,
        holder=_holder_of(lease, identity),
        acquired=_time(spec.get("acquireTime")),
        renewed=_time(spec.get("renewTime")),
        duration=spec.get("leaseDurationSeconds") or 0,
        transitions=spec.get("leaseTransitions") or 0,
    )


def lease_of(record: LeaseRecord, lease: dict) -> dict:
    """The Lease with the record; the rest of the object stays."""
    annotations = {key: value for key, value in (lease["metadata"].get("annotations") or {}).items() if key != ANNOTATION}
    if record.holder:
        annotations[ANNOTATION] = json.dumps(record.holder.to_dict(), sort_keys=True)
    spec = {
        "holderIdentity": record.identity,
        "acquireTime": record.acquired and record.acquired.strftime(MICRO_TIME),
        "renewTime": record.renewed and record.renewed.strftime(MICRO_TIME),
        "leaseDurationSeconds": record.duration,
        "leaseTransitions": record.transitions,
    }
    metadata = {**lease["metadata"], "annotations": annotations}
    return {**lease, "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata,
            "spec": {key: value for key, value in spec.items() if value is not None}}


def _holder_of(lease: dict, identity: str | None) -> Holder | None:
    """The holder, if the annotation matches the identity: another tool writes only the identity."""
    try:
        holder = Holder.from_dict(json.loads(lease["metadata"]["annotations"][ANNOTATION]))
    except (KeyError, TypeError, ValueError):
        return None
    return holder if holder.name == identity else None


def _is_lock(text: str) -> bool:
    """Whether a file's text is a lock, or one that a killed run had begun to write."""
    try:
        return json.loads(text)["kind"] == "Lease"
    except (KeyError, TypeError):
        return False
    except ValueError:
        return '{"'.startswith(text.strip("\0")[:2])


def _not_a_lock(label: str) -> str:
    return f"The {label} is not a lock file and is left alone. Set another file (option lock_file), or move this one away."


def _record_of_text(text: str) -> LeaseRecord:
    """A truncated file was being written by a killed run, so nobody holds it."""
    try:
        return record_of(json.loads(text))
    except (ValueError, AttributeError):
        return LeaseRecord()


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)


def _is_at(file, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


@contextmanager
def _file_errors(label: str):
    try:
        yield
    except OSError as error:
        raise RunbookError(
            f"The {label} can't be used: {error.strerror}. Check the option lock_file and the owner of the file and its folder."
        ) from error
