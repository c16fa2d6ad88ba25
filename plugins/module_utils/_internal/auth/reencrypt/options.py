# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of auth_reencrypt. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...clients.secret_refs.options import LOCATION, LOCATION_RULES, Location, redact_values
from ...errors import RunbookError
from ...libraries import CLUSTER, KEYS, database_libraries
from ..encrypted_columns import ENCRYPTED_COLUMNS, EncryptedColumn
from ..jwks_table import TableNames
from ..options import ARGUMENT_SPEC as SHARED_SPEC
from ..options import REDACT as SHARED_REDACT
from ..options import AuthOptions, Hide
from .names import additional_columns, other_table_names, require_known_unused, require_labels
from .target import CURRENT

ALL = "all"
PRESENT, FORGOTTEN = "present", "forgotten"
LARGEST_BATCH = 10_000
ARGUMENT_SPEC = {
    **{name: option for name, option in SHARED_SPEC.items() if name != "algorithm"},
    "old_secrets": {"type": "list", "elements": "dict", "default": [], "no_log": False, "options": LOCATION, **LOCATION_RULES},
    "state": {"type": "str", "choices": [PRESENT, FORGOTTEN], "default": PRESENT},
    "version": {"type": "str", "default": CURRENT},
    "scope": {"type": "str", "choices": [ALL, "jwks"], "default": ALL},
    "table_names": {"type": "dict", "default": {}},
    "column_names": {"type": "dict", "default": {}},
    "additional_columns": {"type": "list", "elements": "str", "default": []},
    "unused": {"type": "list", "elements": "str", "default": []},
    "unscanned": {"type": "list", "elements": "str", "default": []},
    "scan_timeout": {"type": "int", "default": 300},
    "batch_size": {"type": "int", "default": 1000},
    "force": {"type": "bool", "default": False},
}
REDACT: dict[str, Callable] = {**SHARED_REDACT, "old_secrets": redact_values}


def libraries(params: dict) -> list[str]:
    """The Python libraries that these options need: PyNaCl even where keys are stored unencrypted, for the other tables."""
    return [*CLUSTER, *KEYS, *database_libraries(params["database"])]


@dataclass(frozen=True)
class ReencryptOptions:
    """The options by their names. ``writes_others``: whether tables beside jwks are written; ``other_tables``: their names.

    ``columns``: the encrypted columns of these tables; ``forgets``: whether old_secrets are removed instead.
    """

    auth: AuthOptions
    old_secrets: list[Location]
    version: str
    writes_others: bool
    other_tables: dict[str, TableNames]
    batch_size: int
    force: bool
    columns: tuple[EncryptedColumn, ...] = ENCRYPTED_COLUMNS
    unused: frozenset[str] = frozenset()
    unscanned: frozenset[str] = frozenset()
    scan_timeout: int = 300
    forgets: bool = False

    @classmethod
    def of(cls, params: dict, hide: Hide) -> ReencryptOptions:
        """The options of a module. Raises RunbookError for invalid names or sizes."""
        auth = AuthOptions.of(params, hide)
        if not 1 <= params["batch_size"] <= LARGEST_BATCH:
            raise RunbookError(f"batch_size: must be from 1 to {LARGEST_BATCH}, got {params['batch_size']}.")
        if params["scan_timeout"] < 1:
            raise RunbookError(f"scan_timeout: must be at least 1 second, got {params['scan_timeout']}.")
        more = additional_columns(params["additional_columns"])
        others = other_table_names(params["schema"], params["table_names"], params["column_names"])
        others.update({one.table: TableNames(one.table, params["schema"]) for one in more if one.table not in others})
        old_secrets = [Location.of(entry) for entry in params["old_secrets"]]
        if params["state"] == FORGOTTEN and (not old_secrets or params["scope"] != ALL):
            raise RunbookError("state: forgotten needs old_secrets, the former values to remove, and scope: all.")
        return cls(
            auth, old_secrets, params["version"], params["scope"] == ALL, others, params["batch_size"], params["force"],
            (*ENCRYPTED_COLUMNS, *more), require_known_unused(params["unused"]), require_labels(params["unscanned"]), params["scan_timeout"],
            forgets=params["state"] == FORGOTTEN,
        )  # fmt: skip

    @property
    def keys_table(self) -> TableNames | None:
        """The names of the table of keys, None where it is left out, as the application stores its keys unencrypted."""
        return self.auth.names if self.auth.encrypts_keys else None
