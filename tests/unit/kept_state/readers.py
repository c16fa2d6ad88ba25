# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the present code reads what earlier versions wrote. The one file of this folder that names the collection's modules."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth import signing_secrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.apply import clean_up
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.options import CleanupOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.restore import restore
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.restore_plan import MISSING, RETIRED, BackupRow
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import JwksRow, TableNames
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.probe import removal_statements
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation import observe as rotation_observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.options import RotationOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.server_secrets import AuthServer
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.field_managers import (
    migrate_managed_fields,
    needs_migration,
    template_writer,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.digest import ContextEntry, build_inputs
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.node_images import NodeImage, NodeImages
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.identity import Holder, Host, is_running, machine_hash
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.plan import LeaseRequest, decide_acquire, decide_release
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.stored import record_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.stores import ClusterStore, FileStore
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.model import Profile
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.ownership import read_record, write_record
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.last_good import recorded_last_good
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.revisions import current_of, history, revisions_of, target_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secret_sources import Ref, Source
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.apply import ensure as ensure_secrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.options import SecretsOptions

__all__ = [
    "MISSING", "RETIRED", "AuthServer", "BackupRow", "CleanupOptions", "ClusterStore", "ContextEntry", "FileStore", "Holder", "Host", "JwksRow",
    "LeaseRequest", "NodeImage", "NodeImages", "Profile", "Ref", "RotationOptions", "SecretsOptions", "Source", "TableNames", "build_inputs", "clean_up",
    "current_of", "decide_acquire", "decide_release", "ensure_secrets", "history", "is_running", "machine_hash",
    "migrate_managed_fields", "needs_migration", "read_record",
    "record_differences", "record_of", "recorded_last_good", "removal_statements", "restore", "revisions_of", "rotation_observe", "signing_secrets",
    "stored", "target_of", "template_writer", "text", "write_record",
]  # fmt: skip

CHECKOUT = Path(__file__).resolve().parents[3]
STATE = Path(__file__).parent / "106ddca"


def text(name: str) -> str:
    """A file as it was written."""
    return (STATE / name).read_text(encoding="utf-8")


def stored(name: str):
    """A file of JSON."""
    return json.loads(text(f"{name}.json"))


def record_differences(record: dict, paths: dict[str, str]) -> list[str]:
    """What the builder of a local cluster finds different from its record. ``paths``: step to what lies in the cache."""
    sys.path.insert(0, str(CHECKOUT / "roles/local_cluster/files/builder"))
    import check

    return check.differences(record, {step: SimpleNamespace(title=step, done=True, path=path) for step, path in paths.items()})
