# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes from inside the pods which workloads need a cure, and tries each candidate in the very container."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ...clients.cluster.client import MAX_WORKERS, Cluster
from ...errors import RunbookError
from ..model import ProbeTarget
from ..network.observe import Probing
from ..network.observe import observe as observe_network
from ..network.programs import NODE
from ..observe import judge, list_objects, targets_in
from ..targets import Objects, object_of
from .candidates import candidates_of, value_with
from .model import ObservedWorkload
from .options import PRESENT, CureOptions


def observe(cluster: Cluster, options: CureOptions) -> list[ObservedWorkload]:
    """The workloads; with state present also what their pods see. Raises RunbookError for workloads that do not exist or do not run."""
    objects = list_objects(cluster, options.namespace, options.workloads)
    if options.state != PRESENT:
        return [ObservedWorkload(workload, object_of(workload, objects, options.namespace)) for workload in options.workloads]
    targets = targets_in(objects, options.namespace, options.workloads, options.container, all_pods=False)
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        return list(pool.map(lambda target: _observe(cluster, target, objects, options), targets))


def _observe(cluster: Cluster, target: ProbeTarget, objects: Objects, options: CureOptions) -> ObservedWorkload:
    observed = ObservedWorkload(target.workload, object_of(target.workload, objects, options.namespace), target.container)
    probing = Probing(options.targets, options.timeout)
    probe = observe_network(cluster, target, probing)
    observed = replace(observed, probe=probe, verdicts=judge(cluster, target, probe).verdicts)
    candidates = candidates_of(observed)
    if not candidates:
        return observed
    values = tuple(value_with(probe, flags) for flags in candidates)
    tried = observe_network(cluster, target, replace(probing, trials=values, programs=(NODE,)))
    if len(tried.trials) != len(values) + 1:
        raise RunbookError(f"Container {target.container} of {target.description}: Node.js could not be tried with other options. Run the task again.")
    return replace(observed, candidates=candidates, trials=tried.trials[1:])
