# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of jwks_info: keys, auth servers, and other encrypted data. Nothing of a secret or a key is in it."""

from __future__ import annotations

from ..clients.database.statements import Database
from .clock import read_clock
from .encrypted_columns import count_open_sessions, count_other_data
from .jwks_table import read_jwks_table
from .keys import algorithm_warnings, count_by_state, evaluate_keys, rule_of, sign_in_status
from .options import AuthOptions, ResolvedSecrets
from .server_secrets import report_servers


def read_info(database: Database, options: AuthOptions, resolved: ResolvedSecrets) -> tuple[dict, list[str]]:
    """Reads the database: the result, and what is uncertain about it. Raises RunbookError."""
    table = read_jwks_table(database, options.names, read_clock(database, resolved.clock_offset))
    keys = evaluate_keys(table.rows, resolved.secrets, options.private_key_storage, rule_of(table, options.algorithm))
    schema = options.names.schema
    result = {
        "signing_keys": [key.report() for key in keys],
        "counts": count_by_state(keys),
        "sign_in": sign_in_status(keys),
        "can_retire": table.can_retire,
        "clock_skew": table.clock.skew,
        "row_security": bool(table.row_security),
        "auth_servers": report_servers(resolved.auth_servers, resolved.secrets),
        "other_data": count_other_data(database, schema, resolved.secrets) if resolved.secrets else [],
        "open_sessions": count_open_sessions(database, schema, table.clock),
    }
    return result, [*table.warnings(), *algorithm_warnings(table.rows, options.algorithm)]
