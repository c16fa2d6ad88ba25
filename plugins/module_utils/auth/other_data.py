# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What else lies under the secret: counted, as a change of the secret locks out those to whom it belongs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import MALFORMED, READABLE, UNREADABLE, Reading, read_text
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Database, quoted, rows

PLAIN = "plain"


@dataclass(frozen=True)
class Place:
    """A column that may hold encrypted text. ``always``: whether Better Auth always encrypts it, or only where it is told to."""

    table: str
    column: str
    always: bool


# What Better Auth 1.7 encrypts beside private keys; the list grows with its releases.
PLACES = (
    Place("twoFactor", "secret", always=True),
    Place("twoFactor", "backupCodes", always=True),
    Place("account", "accessToken", always=False),
    Place("account", "refreshToken", always=False),
    Place("account", "idToken", always=False),
)


def read_other_data(database: Database, schema: str | None, secrets: SigningSecrets) -> list[dict]:
    """Each column that is there and not empty, with how many values are readable, unreadable, or not encrypted."""
    relations = {place.table: ".".join(quoted(part) for part in (schema, place.table) if part) for place in PLACES}
    listed = ", ".join(f"to_regclass(${number}::text)" for number in range(1, len(relations) + 1))
    sql = (
        "SELECT c.relname::text AS table, a.attname::text AS column FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        f"WHERE a.attnum > 0 AND NOT a.attisdropped AND c.oid = ANY (ARRAY[{listed}])"
    )
    there = {(row["table"], row["column"]) for row in rows(database, sql, *relations.values())}
    found = []
    for place in PLACES:
        if (place.table, place.column) in there:
            column = quoted(place.column)
            values = rows(database, f"SELECT {column}::text AS value FROM {relations[place.table]} WHERE {column} IS NOT NULL")
            found.append({"table": place.table, "column": place.column, **counted(place, [row["value"] for row in values], secrets)})
    return [one for one in found if one["values"]]


def open_sessions(database: Database, schema: str | None) -> int | None:
    """How many sessions have not expired, which a change of the secret ends in browsers; None where they can't be counted."""
    relation = ".".join(quoted(part) for part in (schema, "session") if part)
    column = (
        "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attname = 'expiresAt' "
        "AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'SELECT')"
    )
    if not rows(database, column, relation):
        return None
    return int(rows(database, f'SELECT count(*)::text AS open FROM {relation} WHERE "expiresAt" > now()')[0]["open"])


def counted(place: Place, values: list[str], secrets: SigningSecrets) -> dict[str, int]:
    """How many values are in which state. Pure."""
    states = Counter(_state(place, value, secrets) for value in values)
    return {"values": len(values), **{state: states[state] for state in (READABLE, UNREADABLE, MALFORMED, PLAIN)}}


def _state(place: Place, value: str, secrets: SigningSecrets) -> str:
    return state_of(place, read_text(value, secrets))


def state_of(place: Place, reading: Reading) -> str:
    """The state of a value that was read. Where encrypting is optional, what has no encrypted form is plain. Pure."""
    return PLAIN if reading.state == MALFORMED and not place.always else reading.state
