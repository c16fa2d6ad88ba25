# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of auth_probe, and the temporary account that it creates and removes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..clients.cluster.client import Cluster
from ..clients.database.connect import open_database
from ..clients.database.options import DatabaseOptions
from ..clients.database.statements import Database, Statement, quoted
from ..errors import RunbookError, cleanup_after
from .forwards import reachable
from .sign_in import PROBE_DOMAIN, Account, SignInCheck, Urls, temporary_account


@dataclass(frozen=True)
class ProbeOptions:
    """The options of auth_probe. ``account``: None where none is given; ``database``: for a temporary account."""

    urls: Urls
    validate_certs: bool
    account: Account | None
    create: bool
    namespace: str
    database: DatabaseOptions | None
    schema: str | None

    @classmethod
    def of(cls, params: dict) -> ProbeOptions:
        """The options of a module. Raises RunbookError for an origin that is none."""
        account = Account(params["email"], params["password"]) if params["email"] else None
        database = DatabaseOptions.of(params["database"]) if params["database"] else None
        optional = {name: params[name] or "" for name in ("verify_url", "jwks_url", "origin")}
        if optional["origin"] and not optional["origin"].startswith(("http://", "https://")):
            raise RunbookError("origin: must be the application's own address with its scheme, for example https://app.example.org.")
        urls = Urls(params["url"], optional["verify_url"], tuple(params["cookie_urls"]), optional["jwks_url"], optional["origin"])
        return cls(urls, params["url_validate_certs"], account, params["create"], params["namespace"], database, params["schema"])


def check_sign_in(connect: Callable[[], Cluster], options: ProbeOptions, hide: Callable) -> list[dict]:
    """The steps of a check with the given account, or with a temporary one. Raises RunbookError."""
    with reachable(connect, options.urls) as urls:
        check = SignInCheck(urls, hide, options.validate_certs)
        _run(check, connect, options, hide)
    return check.steps


def _run(check: SignInCheck, connect: Callable[[], Cluster], options: ProbeOptions, hide: Callable) -> None:
    if options.account:
        check.run(options.account)
    elif options.create and options.database:
        account = temporary_account()
        hide([account.password, options.database.url or ""])
        with open_database(connect, options.namespace, options.database, options.schema, hide) as database:
            database.run(removal_statements(options.schema), write=True)  # fails before there is an account, if it could not be removed later
            with cleanup_after(lambda: remove_temporary_accounts(database, options.schema)):
                check.run(account)
    else:
        raise RunbookError("email: no account is given. Set email and password, or create: true for a temporary account.")


def removal_statements(schema: str | None) -> list[Statement]:
    """The statements that remove every temporary account with its sessions, also one left by an interrupted run."""
    tables = {name: ".".join(quoted(part) for part in (schema, name) if part) for name in ("user", "session", "account")}
    pattern = f"probe-%@{PROBE_DOMAIN}"
    owned = f'DELETE FROM {{}} WHERE "userId" IN (SELECT id FROM {tables["user"]} WHERE email LIKE $1::text)'
    statements = [Statement(owned.format(tables[name]), (pattern,)) for name in ("session", "account")]
    return [*statements, Statement(f"DELETE FROM {tables['user']} WHERE email LIKE $1::text", (pattern,))]


def remove_temporary_accounts(database: Database, schema: str | None) -> int:
    """Removes them, and returns how many there were. Raises RunbookError."""
    try:
        return database.run(removal_statements(schema), write=True)[-1].count
    except RunbookError as error:
        raise RunbookError(
            f"The temporary account could not be removed: {error} Its address ends with @{PROBE_DOMAIN}; the next run removes it.",
            **error.facts,
        ) from error
