# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the present code reads what earlier versions wrote. The one file of this folder that names the collection's modules."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

from ansible_collections.runbook.minikube.plugins.module_utils.auth import signing_secrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth.cleanup import clean_up
from ansible_collections.runbook.minikube.plugins.module_utils.auth.probe import removing
from ansible_collections.runbook.minikube.plugins.module_utils.auth.restore import restore
from ansible_collections.runbook.minikube.plugins.module_utils.auth.restore_plan import AS_IT_WAS_LEFT, MISSING, Kept
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names, Row
from ansible_collections.runbook.minikube.plugins.module_utils.auth.wish import Wish
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation import run as rotation_run
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.stages import pending
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.wish import Wish as RotationWish
from ansible_collections.runbook.minikube.plugins.module_utils.image.context import Entry, inputs_of
from ansible_collections.runbook.minikube.plugins.module_utils.image.known import NodeImage, NodeImages
from ansible_collections.runbook.minikube.plugins.module_utils.lease.identity import Holder, Machine, is_gone
from ansible_collections.runbook.minikube.plugins.module_utils.lease.plan import Request, decide_hold, decide_release
from ansible_collections.runbook.minikube.plugins.module_utils.lease.stores import ClusterStore, FileStore, record_of
from ansible_collections.runbook.minikube.plugins.module_utils.profile.claim import read_claim, write_claim
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Profile
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.owners import adopted, needs_adoption, template_writer
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.revisions import current_of, history, revisions_of, target_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.served import recorded
from ansible_collections.runbook.minikube.plugins.module_utils.secret_sources import Ref, Source
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.apply import ensure as ensure_secrets

__all__ = [
    "AS_IT_WAS_LEFT", "MISSING", "ClusterStore", "Entry", "FileStore", "Holder", "Kept", "Machine", "Names", "NodeImage", "NodeImages", "Profile",
    "Ref", "Request", "RotationWish", "Row", "Signer", "Source", "Wish", "adopted", "clean_up", "current_of", "decide_hold", "decide_release",
    "ensure_secrets", "history", "inputs_of", "is_gone", "needs_adoption", "pending", "read_claim", "record_differences", "record_of", "recorded",
    "removing", "restore", "revisions_of", "rotation_run", "signing_secrets", "stored", "target_of", "template_writer", "text", "write_claim",
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
    """What the recipe of a local cluster finds different from its record. ``paths``: step to what lies in the cache."""
    sys.path.insert(0, str(CHECKOUT / "roles/local_cluster/files/recipe"))
    import look

    return look.differences(record, {step: SimpleNamespace(title=step, done=True, path=path) for step, path in paths.items()})
