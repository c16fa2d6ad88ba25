# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why the old secrets can't be removed yet, each with the next step. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .search_plan import Elsewhere, Unscanned
from .target import WRITES_TARGET, WRITES_UNKNOWN


@dataclass(frozen=True)
class Remains:
    """What a run leaves. ``values``: those of known columns that need an old secret; ``missing``: tables and columns that may be renamed.

    ``servers``: as the result describes them.
    """

    values: int
    elsewhere: list[Elsewhere]
    missing: list[str]
    unscanned: list[Unscanned]
    servers: list[dict]


def blockers(remains: Remains) -> list[str]:
    """The reasons, as sentences; empty where the old secrets can be removed."""
    return [
        *_servers(remains.servers),
        *([f"{remains.values} values in known columns are still encrypted with an old secret. Run again with scope: all."] if remains.values else []),
        *map(_elsewhere, remains.elsewhere),
        *map(_missing, remains.missing),
        *(
            f"{one.label} was not searched: {one.reason}. Correct that, or list it in unscanned if it contains nothing that is encrypted with the secret."
            for one in remains.unscanned
        ),
    ]


def _servers(servers: list[dict]) -> list[str]:
    if not servers:
        return ["No auth server is given, so nothing shows what the application encrypts with. Name its workloads in auth_servers."]
    return [_server(one) for one in servers if one["writes"] != WRITES_TARGET]


def _server(one: dict) -> str:
    name = f"{one['workload']} (pod {one['pod']}, container {one['container']})"
    if one["writes"] == WRITES_UNKNOWN:
        return f"The secret used by {name} could not be read: {one['reason']}."
    return f"{name} still encrypts with another secret. Restart it with the new one first."


def _elsewhere(one: Elsewhere) -> str:
    if one.reencryptable:
        return (
            f"{one.table}.{one.column} has {one.values} values that are encrypted with an old secret. Name the column in additional_columns to re-encrypt "
            "it; one-time codes expire by themselves, so run again later."
        )
    return (
        f"{one.table}.{one.column} has {one.values} values that contain text encrypted with an old secret, and that can't be re-encrypted here, as they are "
        "of another type or contain more than that. Have the application write them again with the new secret, or delete them if they are not needed."
    )


def _missing(name: str) -> str:
    what, option = ("column", "column_names") if "." in name else ("table", "table_names")
    return f"The {what} {name} was not found. If the application has renamed it, name it in {option}; if it does not use it, list it in unused."
