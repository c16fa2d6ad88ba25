# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Flags that may cure a connection, the least change first, and which of them was seen to. Pure."""

from __future__ import annotations

from ...workloads.node_options import with_selection
from ..network.model import NetworkProbe, NodeSettings, Trial
from .model import ObservedWorkload

LIMIT = "--network-family-autoselection-attempt-timeout="
NO_SELECTION = "--no-network-family-autoselection"
NO_SELECTION_OF_18 = "--no-enable-network-family-autoselection"  # Node.js 18 refuses the other one, and has selection only where it was enabled
IPV4_FIRST = "--dns-result-order=ipv4first"
LEAST_LIMIT, MOST_LIMIT = 1000, 10000  # milliseconds
STEP = 500


def candidates_of(observed: ObservedWorkload) -> tuple[tuple[str, ...], ...]:
    """The sets of flags to try. With family selection: a longer limit, which keeps both families working, then none; else IPv4 first."""
    settings = observed.probe.settings if observed.probe else None
    if settings is None or not observed.affected:
        return ()
    if not settings.auto_select_family:
        return ((IPV4_FIRST,),)
    order = (IPV4_FIRST,) if settings.result_order == "ipv4first" else ()
    none = NO_SELECTION_OF_18 if settings.version.startswith("v18.") else NO_SELECTION
    return ((f"{LIMIT}{_limit(observed)}", *order), (none, *order), (none, IPV4_FIRST))


def value_with(probe: NetworkProbe, flags: tuple[str, ...]) -> str:
    """NODE_OPTIONS of the container with these flags; the others that it has are kept."""
    return with_selection(probe.process.options if probe.process else "", flags)


def cured_by(observed: ObservedWorkload) -> tuple[str, ...]:
    """The first candidate that this Node.js knows, that takes effect, and with which every affected connection succeeds; () if none does."""
    pairs = zip(observed.candidates, observed.trials, strict=True)
    return next((flags for flags, trial in pairs if _is_effective(flags, trial) and _connects(observed, trial)), ())


def refusals(observed: ObservedWorkload) -> str:
    """Why no candidate cures the connections, for a sentence."""
    return "; ".join(f"{' '.join(flags)}: {_refusal(flags, trial)}" for flags, trial in zip(observed.candidates, observed.trials, strict=True))


def _limit(observed: ObservedWorkload) -> int:
    """Twice the time that the slowest address takes, in whole steps."""
    slowest = max((attempt.ms or 0 for index in observed.affected for attempt in observed.verdicts[index][0].answering), default=0)
    return min(max(LEAST_LIMIT, -(-2 * slowest // STEP) * STEP), MOST_LIMIT)


def _is_effective(flags: tuple[str, ...], trial: Trial) -> bool:
    """Whether Node.js started with the flags, and its settings are theirs."""
    settings = trial.settings
    return trial.exit_code == 0 and settings is not None and all(_is_in_force(flag, settings) for flag in flags)


def _is_in_force(flag: str, settings: NodeSettings) -> bool:
    if flag in (NO_SELECTION, NO_SELECTION_OF_18):
        return not settings.auto_select_family
    if flag == IPV4_FIRST:
        return settings.result_order == "ipv4first"
    return settings.auto_select_family and settings.attempt_timeout == int(flag.removeprefix(LIMIT))


def _connects(observed: ObservedWorkload, trial: Trial) -> bool:
    indexes = [index for index, (connection, _verdict) in enumerate(observed.verdicts) if not connection.url_problem]
    results = dict(zip(indexes, trial.connects))
    return all(index in results and not results[index].failure for index in observed.affected)


def _refusal(flags: tuple[str, ...], trial: Trial) -> str:
    if trial.exit_code != 0:
        return f"Node.js refuses it (exit code {trial.exit_code})"
    return "does not help" if _is_effective(flags, trial) else "does not take effect"
