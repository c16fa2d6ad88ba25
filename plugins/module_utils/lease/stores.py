# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a lease is kept: an object in the cluster, or a file while there is no cluster that answers.

Both give a record with a version, and write another one only if that version still stands; who comes second gets Conflict.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.lease.identity import Holder
from ansible_collections.runbook.minikube.plugins.module_utils.lease.plan import Record

ANNOTATION = "runbook.minikube/holder"  # the holder as JSON; holderIdentity is for people and other tools
FIELD_MANAGER = "runbook-lease"
LABELS = {"app.kubernetes.io/managed-by": "runbook.minikube"}
MICRO_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class Conflict(Exception):
    """Somebody else wrote meanwhile: read again."""


class ClusterStore:
    """A coordination.k8s.io/v1 Lease. Needs the verbs get, create and update on leases in its namespace."""

    def __init__(self, cluster: Cluster, namespace: str, name: str, kubectl: str = "kubectl"):
        self._cluster, self._namespace, self._name = cluster, namespace, name
        self.place = f"Lease {namespace}/{name}"
        self.force_hint = f"{kubectl} delete lease {name} -n {namespace}"

    def read(self) -> tuple[Record, dict | None]:
        """The record and, as its version, the object as it is stored."""
        try:
            lease = self._cluster.get("Lease", self._name, self._namespace)
        except ApiError as error:
            raise self._explained(error, "get") from error
        return (record_of(lease) if lease else Record()), lease

    def write(self, record: Record, lease: dict | None) -> None:
        """Writes the record over ``lease``, or makes the object where there was none."""
        verb = "update" if lease else "create"
        body = lease_of(record, lease or {"metadata": {"name": self._name, "namespace": self._namespace, "labels": LABELS}})
        try:
            if lease:
                self._cluster.replace("Lease", self._name, body, self._namespace, field_manager=FIELD_MANAGER)
            else:
                self._cluster.create("Lease", body, self._namespace, field_manager=FIELD_MANAGER)
        except ApiError as error:
            if error.status == 409 or (error.status == 404 and lease):
                raise Conflict from error
            raise self._explained(error, verb) from error

    def _explained(self, error: ApiError, verb: str) -> RunbookError:
        if error.status == 403:
            return RunbookError(
                f"This user may not {verb} the {self.place}, which keeps two operators apart, so nothing was changed. "
                f"Allow get, create and update on leases (coordination.k8s.io) in namespace {self._namespace}. {error}",
                missing_permissions=[f"{verb} leases"],
            )
        if error.status == 404:
            return RunbookError(
                f"There is no namespace {self._namespace} for the {self.place}. Make it first (kubectl create namespace {self._namespace})."
            )
        return RunbookError(f"The {self.place} can't be read or written: {error}")


class FileStore:
    """A file of JSON. The kernel's lock on it is held for the moment of a write only, so a killed run leaves no lock behind."""

    def __init__(self, path: str):
        self._path = Path(path).expanduser()
        self.place = f"lock file {self._path}"
        self.force_hint = f"rm {self._path}"

    def read(self) -> tuple[Record, str]:
        """The record and, as its version, the text of the file ("" where there is none)."""
        with _file_errors(self.place):
            try:
                text = self._path.read_text(encoding="utf-8")
            except FileNotFoundError:
                text = ""
            except UnicodeDecodeError:
                raise RunbookError(_taken(self.place)) from None
        if not _is_lock(text):
            raise RunbookError(_taken(self.place))
        return _record_of_text(text), text

    def write(self, record: Record, text: str) -> None:
        """Writes the record if the file still holds ``text``; a record without a holder removes the file."""
        with _file_errors(self.place), self._locked() as file:
            if file.read() != text:
                raise Conflict
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
                raise Conflict  # it was removed between opening and locking
            yield file


def record_of(lease: dict) -> Record:
    """Reads a Lease as the API sends it."""
    spec = lease.get("spec") or {}
    identity = spec.get("holderIdentity") or None
    return Record(
        identity=identity,
        holder=_holder_of(lease, identity),
        acquired=_time(spec.get("acquireTime")),
        renewed=_time(spec.get("renewTime")),
        duration=spec.get("leaseDurationSeconds") or 0,
        transitions=spec.get("leaseTransitions") or 0,
    )


def lease_of(record: Record, lease: dict) -> dict:
    """The Lease with a record written into it; the rest of the object stays."""
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
    """Our holder, if the annotation is the one that belongs to the identity: another tool writes only the identity."""
    try:
        holder = Holder.from_dict(json.loads(lease["metadata"]["annotations"][ANNOTATION]))
    except (KeyError, TypeError, ValueError):
        return None
    return holder if holder.name == identity else None


def _is_lock(text: str) -> bool:
    """Whether a file's text is a lock that was written, or that was being written by a run that was killed."""
    try:
        return json.loads(text)["kind"] == "Lease"
    except (KeyError, TypeError):
        return False
    except ValueError:
        return '{"'.startswith(text.strip("\0")[:2])


def _taken(place: str) -> str:
    return f"The {place} is a file of something else and is left alone. Name another file (option lock_file), or move it away."


def _record_of_text(text: str) -> Record:
    """An unreadable file was being written by a run that was killed, so nobody holds it."""
    try:
        return record_of(json.loads(text))
    except (ValueError, AttributeError):
        return Record()


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
def _file_errors(place: str):
    try:
        yield
    except OSError as error:
        raise RunbookError(
            f"The {place} can't be used: {error.strerror}. Check the option lock_file and who owns the file and its folder."
        ) from error
