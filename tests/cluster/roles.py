# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the playbook of the cluster roles, which lies outside the folder that makes the collection known."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from harness import CHECKOUT, Playbooks

PLAYBOOK = "tests/cluster/playbooks/local_cluster.yml"


@dataclass
class Roles(Playbooks):
    """As Playbooks, in a shell with ``shell``'s variables too."""

    shell: dict = field(default_factory=dict)

    def environment(self) -> dict:
        """The user's shell, in which the collection is found."""
        paths = [str(CHECKOUT / "playbooks/collections"), *filter(None, [os.environ.get("ANSIBLE_COLLECTIONS_PATH")])]
        return {**super().environment(), "ANSIBLE_COLLECTIONS_PATH": ":".join(paths), **self.shell}
