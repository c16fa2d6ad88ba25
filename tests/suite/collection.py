# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes this checkout importable as ansible_collections.runbook.minikube, and the installed collections beside it."""

from __future__ import annotations

import os
from pathlib import Path

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

CHECKOUT = Path(__file__).resolve().parents[2]


def make_importable() -> None:
    """For this process; once."""
    paths = [str(CHECKOUT / "playbooks" / "collections"), *filter(None, os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(":"))]
    _AnsibleCollectionFinder(paths=paths)._install()
