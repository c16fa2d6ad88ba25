# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the logs, all at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..clients.cluster.access import FORBIDDEN, needs
from ..clients.cluster.client import MAX_WORKERS, Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.pod_log import open_log
from .lines import last_lines
from .options import LogOptions
from .targets import LogTarget, targets_of

SEARCHED = 100_000  # lines at the end of a log in which a pattern is searched


@dataclass(frozen=True)
class Log:
    """The lines of a container. ``matches``: how many of the searched lines match; ``problem``: why there are none, "" if there are."""

    target: LogTarget
    lines: tuple[str, ...] = ()
    matches: int = 0
    problem: str = ""


def observe(cluster: Cluster, options: LogOptions) -> list[Log]:
    """The logs. Raises RunbookError for options that cannot be met, and for a missing permission."""
    selectors = {"label_selector": options.label_selector} if options.label_selector is not None else {}
    with needs("list pods", options.namespace, "to find the pods", missing=[f"list pods in namespace {options.namespace}"]):
        pods = cluster.list("Pod", options.namespace, **selectors)
    targets = targets_of(pods, options)
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        return list(pool.map(lambda target: _read(cluster, target, options), targets))


def _read(cluster: Cluster, target: LogTarget, options: LogOptions) -> Log:
    lines = SEARCHED if options.pattern else options.lines
    try:
        with needs("get pods/log", options.namespace, "to read the logs", missing=[f"get pods/log in namespace {options.namespace}"]):
            log = open_log(
                cluster, target.pod, options.namespace, target.container, lines=lines, previous=options.previous, since_seconds=options.since_seconds
            )
            with log as pieces:
                found, count = last_lines(pieces, options.lines, options.pattern)
    except ApiError as error:
        if error.status == FORBIDDEN:
            raise
        return Log(target, problem=error.api_message)
    return Log(target, tuple(found), count)
