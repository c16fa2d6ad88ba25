# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs nodejs_network_options: observe, plan, apply, report."""

from __future__ import annotations

from ...clients.cluster.client import Cluster
from .apply import apply
from .observe import observe
from .options import PRESENT, CureOptions
from .plan import plan_absent, plan_present
from .report import report


def run(cluster: Cluster, options: CureOptions, check_mode: bool) -> dict:
    """The module's result. Raises RunbookError for what cannot be done."""
    observed = observe(cluster, options)
    plan = plan_present if options.state == PRESENT else plan_absent
    cures = [plan(item, options.namespace) for item in observed]
    if not check_mode:
        apply(cluster, cures)
    return report(observed, cures)
