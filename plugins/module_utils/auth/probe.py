# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A person who signs in, has a token signed, shows it to what verifies it, and signs out: over HTTP, as a browser does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlsplit

from ansible.module_utils.urls import Request
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Database, Statement, quoted
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError, ending_with

TIMEOUT = 30  # seconds for one answer
OWN_DOMAIN = "runbook-probe.invalid"  # nobody's, by RFC 2606: an account of it was made by a probe
SIGN_UP, SIGN_IN, TOKEN, VERIFY, SIGN_OUT = "sign_up", "sign_in", "token", "verify", "sign_out"
# What another answer than 200 means.
CAUSES = {
    SIGN_UP: "Better Auth refuses new accounts (emailAndPassword.disableSignUp, or a hook of the application's): name an existing account.",
    SIGN_IN: "A 401 is a wrong probe account, a 403 an unconfirmed address, a 500 a database that does not answer.",
    TOKEN: "A 500 is a key that the application can't read, and its log says so; a 401 a session that another pod's secret signed.",
    VERIFY: "A 401 is a token that it does not accept: see which keys it has loaded, and which issuer and audience it expects.",
    SIGN_OUT: "The session stays open until it expires. Revoke the account's sessions, or change its password.",
}


@dataclass(frozen=True)
class Account:
    """An address and a password; ``made`` for this probe, or somebody's own."""

    email: str
    password: str = field(repr=False)
    made: bool = False


def new_account() -> Account:
    """An account that nobody has yet."""
    return Account(f"probe-{secrets.token_hex(8)}@{OWN_DOMAIN}", secrets.token_urlsafe(24), made=True)


class Probe:
    """One visit. ``base``: where Better Auth answers; ``verify``: a URL that answers 401 without a token and 200 with one, or "".

    ``hide`` is called with cookies and the token. ``steps``: what was done, as {step, status}.
    """

    def __init__(self, base: str, verify: str, hide: Callable, validate_certs: bool = True):
        self._base, self._verify, self._hide = base.rstrip("/"), verify, hide
        self._cookies = CookieJar()
        origin = urlsplit(base)
        # Nodes are on the machine's own network, so no proxy of the environment is asked.
        settings = {"timeout": TIMEOUT, "use_proxy": False, "validate_certs": validate_certs, "follow_redirects": "none"}
        self._browser = Request(headers={"Origin": f"{origin.scheme}://{origin.netloc}"}, cookies=self._cookies, **settings)
        self._stranger = Request(**settings)  # what verifies must not take the session for the token, behind the same address
        self.steps: list[dict] = []

    def visit(self, account: Account) -> None:
        """Does all steps. Raises RunbookError for the first that does not end as it should; the session is ended in any case."""
        if account.made:
            self._step(SIGN_UP, "POST", f"{self._base}/sign-up/email", {"name": "Probe", **_login(account)})
            self._cookies.clear()
        self._step(SIGN_IN, "POST", f"{self._base}/sign-in/email", _login(account))
        with ending_with(self._sign_out):
            body = self._step(TOKEN, "GET", f"{self._base}/token")
            if self._verify:
                self._show(_token_in(body))

    def _show(self, token: str) -> None:
        self._hide([token])
        refused = self._ask(self._stranger, "GET", self._verify)[0]
        if refused != 401:
            raise self._failed(VERIFY, refused, self._verify, "Without a token it has to answer 401, else its acceptance proves nothing.")
        self._step(VERIFY, "GET", self._verify, headers={"Authorization": f"Bearer {token}"}, by=self._stranger)

    def _sign_out(self) -> None:
        self._step(SIGN_OUT, "POST", f"{self._base}/sign-out", {})

    def _step(self, step: str, method: str, url: str, body: dict | None = None, headers: dict | None = None, by: Request | None = None) -> bytes:
        status, answer = self._ask(by or self._browser, method, url, body, headers)
        self._hide(cookie.value for cookie in self._cookies if cookie.value)
        self.steps.append({"step": step, "status": status})
        if status != 200:
            raise self._failed(step, status, url, CAUSES[step])
        return answer

    def _failed(self, step: str, status: int, url: str, cause: str) -> RunbookError:
        return RunbookError(f"{step}: {url} answers with HTTP status {status}. {cause}", step=step, status=status, steps=self.steps)

    def _ask(self, by: Request, method: str, url: str, body: dict | None = None, headers: dict | None = None) -> tuple[int, bytes]:
        given = {"headers": {**(headers or {}), **({} if body is None else {"Content-Type": "application/json"})}}
        if body is not None:
            given["data"] = json.dumps(body)
        try:
            answer = by.open(method, url, **given)
        except HTTPError as error:
            answer = error
        except Exception as error:  # whatever the layers below raise, there was no answer
            raise RunbookError(f"{url} does not answer: {error}. See whether its pods serve.", steps=self.steps) from error
        with answer:
            return answer.status, answer.read()


def removing(schema: str | None) -> list[Statement]:
    """The statements that remove every account that a probe made, with its sessions; one left by a run that was cut off too."""
    tables = {name: ".".join(quoted(part) for part in (schema, name) if part) for name in ("user", "session", "account")}
    pattern = f"probe-%@{OWN_DOMAIN}"
    owned = f'DELETE FROM {{}} WHERE "userId" IN (SELECT id FROM {tables["user"]} WHERE email LIKE $1::text)'
    statements = [Statement(owned.format(tables[name]), (pattern,)) for name in ("session", "account")]
    return [*statements, Statement(f"DELETE FROM {tables['user']} WHERE email LIKE $1::text", (pattern,))]


def remove_made(database: Database, schema: str | None) -> int:
    """Removes them, and returns how many there were. Raises RunbookError."""
    try:
        return database.run(removing(schema), write=True)[-1].count
    except RunbookError as error:
        raise RunbookError(
            f"The account of the probe could not be removed: {error} Its address ends with @{OWN_DOMAIN}, and the next run removes it.",
            **error.facts,
        ) from error


def _login(account: Account) -> dict:
    return {"email": account.email, "password": account.password}


def _token_in(body: bytes) -> str:
    try:
        return json.loads(body)["token"]
    except (ValueError, KeyError, TypeError) as error:
        raise RunbookError("token: the answer holds no token. Has the application Better Auth's plugin jwt?") from error
