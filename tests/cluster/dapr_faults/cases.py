# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All faults of Dapr."""

from __future__ import annotations

import copy

from dapr_faults.bundle_faults import BUNDLES
from dapr_faults.control_plane import DRIFTS, LOST
from dapr_faults.fault import Fault
from dapr_faults.injection import INJECTION
from dapr_faults.lower_layers import LOWER_LAYERS
from dapr_faults.name_conflicts import NAME_CONFLICTS
from dapr_faults.release import RELEASE
from dapr_faults.sidecars import SIDECARS

FAULTS = {fault.name: fault for fault in (*NAME_CONFLICTS, *DRIFTS, *LOST, *INJECTION, *RELEASE, *LOWER_LAYERS, *BUNDLES, *SIDECARS)}


def fault(name: str) -> Fault:
    """A fault for one trial."""
    return copy.copy(FAULTS[name])
