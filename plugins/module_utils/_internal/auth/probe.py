# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sign-in check: sign in, request a token, present it to a service that verifies tokens, and sign out, over HTTP as a browser does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlsplit

from ansible.module_utils.urls import Request

from ..clients.cluster.client import Cluster
from ..clients.database.connect import open_database
from ..clients.database.options import DatabaseOptions
from ..clients.database.statements import Database, Statement, quoted
from ..errors import RunbookError, cleanup_after

TIMEOUT = 30  # seconds for one answer
PROBE_DOMAIN = "runbook-probe.invalid"  # reserved by RFC 2606: only probes create accounts of it
SIGN_UP, SIGN_IN, TOKEN, VERIFY, SIGN_OUT = "sign_up", "sign_in", "token", "verify", "sign_out"
# What a status other than 200 means.
CAUSES = {
    SIGN_UP: "Better Auth refuses new accounts (emailAndPassword.disableSignUp, or a hook of the application): set email and password of an existing account.",
    SIGN_IN: "A 401 means wrong credentials of the probe account, a 403 an unconfirmed address, a 500 a database that does not answer.",
    TOKEN: "A 500 means a key that the application can't decrypt (see its log), a 401 a session signed with a different secret by another pod.",
    VERIFY: "A 401 means that it rejects the token: check which keys it has loaded, and which issuer and audience it expects.",
    SIGN_OUT: "The session stays open until it expires. Revoke the account's sessions, or change its password.",
}


@dataclass(frozen=True)
class Account:
    """An address and a password. ``temporary``: whether it is created for this check."""

    email: str
    password: str = field(repr=False)
    temporary: bool = False


@dataclass(frozen=True)
class ProbeOptions:
    """The options of auth_probe. ``account``: None where none is given; ``database``: for a temporary account."""

    url: str
    verify_url: str
    validate_certs: bool
    account: Account | None
    create: bool
    namespace: str
    database: DatabaseOptions | None
    schema: str | None

    @classmethod
    def of(cls, params: dict) -> ProbeOptions:
        """The options of a module."""
        account = Account(params["email"], params["password"]) if params["email"] else None
        database = DatabaseOptions.of(params["database"]) if params["database"] else None
        verify_url, validate = params["verify_url"] or "", params["url_validate_certs"]
        return cls(params["url"], verify_url, validate, account, params["create"], params["namespace"], database, params["schema"])


def temporary_account() -> Account:
    """A new account, which does not exist yet."""
    return Account(f"probe-{secrets.token_hex(8)}@{PROBE_DOMAIN}", secrets.token_urlsafe(24), temporary=True)


class SignInCheck:
    """One check. ``base``: the URL of Better Auth; ``verify``: a URL that answers 401 without a token and 200 with one, or "".

    ``hide`` is called with cookies and the token. ``steps``: the requests so far, as {step, status}.
    """

    def __init__(self, base: str, verify: str, hide: Callable, validate_certs: bool = True):
        self._base, self._verify, self._hide = base.rstrip("/"), verify, hide
        self._cookies = CookieJar()
        origin = urlsplit(base)
        # Nodes are on the local network, so proxies of the environment are ignored.
        settings = {"timeout": TIMEOUT, "use_proxy": False, "validate_certs": validate_certs, "follow_redirects": "none"}
        self._session = Request(headers={"Origin": f"{origin.scheme}://{origin.netloc}"}, cookies=self._cookies, **settings)
        self._anonymous = Request(**settings)  # without cookies: behind the same address the session would be accepted instead of the token
        self.steps: list[dict] = []

    def run(self, account: Account) -> None:
        """Runs all steps. Raises RunbookError for the first that fails; the session is ended in any case."""
        if account.temporary:
            self._step(SIGN_UP, "POST", f"{self._base}/sign-up/email", {"name": "Probe", **_credentials(account)})
            self._cookies.clear()
        self._step(SIGN_IN, "POST", f"{self._base}/sign-in/email", _credentials(account))
        with cleanup_after(self._sign_out):
            body = self._step(TOKEN, "GET", f"{self._base}/token")
            if self._verify:
                self._verify_token(_token_in(body))

    def _verify_token(self, token: str) -> None:
        self._hide([token])
        status = self._request(self._anonymous, "GET", self._verify)[0]
        if status != 401:
            raise self._failed(VERIFY, status, self._verify, "Without a token it must answer 401; otherwise accepting a token verifies nothing.")
        self._step(VERIFY, "GET", self._verify, headers={"Authorization": f"Bearer {token}"}, client=self._anonymous)

    def _sign_out(self) -> None:
        self._step(SIGN_OUT, "POST", f"{self._base}/sign-out", {})

    def _step(self, step: str, method: str, url: str, body: dict | None = None, headers: dict | None = None, client: Request | None = None) -> bytes:
        status, answer = self._request(client or self._session, method, url, body, headers)
        self._hide(cookie.value for cookie in self._cookies if cookie.value)
        self.steps.append({"step": step, "status": status})
        if status != 200:
            raise self._failed(step, status, url, CAUSES[step])
        return answer

    def _failed(self, step: str, status: int, url: str, cause: str) -> RunbookError:
        return RunbookError(f"{step}: {url} answers with HTTP status {status}. {cause}", step=step, status=status, steps=self.steps)

    def _request(self, client: Request, method: str, url: str, body: dict | None = None, headers: dict | None = None) -> tuple[int, bytes]:
        arguments: dict = {"headers": {**(headers or {}), **({} if body is None else {"Content-Type": "application/json"})}}
        if body is not None:
            arguments["data"] = json.dumps(body)
        try:
            answer = client.open(method, url, **arguments)
        except HTTPError as error:
            answer = error
        except Exception as error:  # whatever the layers below raise: there was no response
            raise RunbookError(f"{url} does not answer: {error}. Check whether its pods are ready.", steps=self.steps) from error
        with answer:
            return answer.status, answer.read()


def check_sign_in(connect: Callable[[], Cluster], options: ProbeOptions, hide: Callable) -> list[dict]:
    """The steps of a check with the given account, or with a temporary one. Raises RunbookError."""
    check = SignInCheck(options.url, options.verify_url, hide, options.validate_certs)
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
    return check.steps


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


def _credentials(account: Account) -> dict:
    return {"email": account.email, "password": account.password}


def _token_in(body: bytes) -> str:
    try:
        return json.loads(body)["token"]
    except (ValueError, KeyError, TypeError) as error:
        raise RunbookError("token: the response contains no token. Check that the application uses Better Auth's plugin jwt.") from error
