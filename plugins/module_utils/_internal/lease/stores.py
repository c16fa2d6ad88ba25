# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a lease is stored: an object in the cluster, or a lock file before the cluster answers.

Both return the record with a version, and write another one only if that version is still current; a concurrent write raises WriteConflict.
``now()`` is the time that a lease of this store expires by, ``label`` names it in messages, and ``force_hint`` is the command that removes it.
"""

from __future__ import annotations

from collections.abc import Callable

from ..clients.cluster.client import Cluster
from .cluster_store import ClusterStore
from .file_store import FileStore
from .options import PROFILE, LeaseOptions


def open_store(connect: Callable[[], Cluster], options: LeaseOptions) -> ClusterStore | FileStore:
    """The store that the options name; ``connect`` is called only where it is in the cluster."""
    if options.scope == PROFILE:
        return FileStore(options.lock_file)
    return ClusterStore(connect(), options.namespace, options.name, options.kubectl)
