# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sign-in check: sign in, request a token, present token and cookie to the services that verify them, and sign out, over HTTP as a browser does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.error import HTTPError
from urllib.parse import urlsplit

from ansible.module_utils.urls import Request

from ..errors import RunbookError, cleanup_after
from ..write_guard import WRITES
from .sign_in_causes import COOKIE, JWKS, NO_COOKIE, NOT_BETTER_AUTH, SIGN_IN, SIGN_OUT, SIGN_UP, TOKEN, TWO_FACTOR, VERIFY, cause_of
from .token import json_object, require_signature, token_in

TIMEOUT = 30  # seconds for one answer
MAX_BODY = 1 << 20  # bytes of one
PROBE_DOMAIN = "runbook-probe.invalid"  # reserved by RFC 2606: only probes create accounts of it


@dataclass(frozen=True)
class Account:
    """An address and a password. ``temporary``: whether it is created for this check."""

    email: str
    password: str = field(repr=False)
    temporary: bool = False

    @property
    def credentials(self) -> dict:
        """The body of a sign-in."""
        return {"email": self.email, "password": self.password}


def temporary_account() -> Account:
    """A new account, which does not exist yet."""
    return Account(f"probe-{secrets.token_hex(8)}@{PROBE_DOMAIN}", secrets.token_urlsafe(24), temporary=True)


@dataclass(frozen=True)
class Urls:
    """Where a check sends its requests. ``origin``: the application's own, "" for that of ``auth``; ``jwks``: "" for Better Auth's default.

    ``verify`` answers 401 without a token and 200 with one, "" for none; ``cookies`` do so with the session's cookie.
    """

    auth: str
    verify: str = ""
    cookies: tuple[str, ...] = ()
    jwks: str = ""
    origin: str = ""

    def of(self, path: str) -> str:
        """The URL of one of Better Auth's endpoints."""
        return f"{self.auth.rstrip('/')}/{path}"

    @property
    def sent_origin(self) -> str:
        """The header Origin, by which Better Auth decides whether it trusts a request."""
        parts = urlsplit(self.origin or self.auth)
        return f"{parts.scheme}://{parts.netloc}"


class SignInCheck:
    """One check. ``hide`` is called with cookies and the token. ``steps``: the requests so far, as {step, status}."""

    def __init__(self, urls: Urls, hide: Callable, validate_certs: bool = True):
        self._urls, self._hide = urls, hide
        # Not in a cookie jar, which sends the cookies of an application with an https address to no NodePort or forward.
        self._cookies: dict[str, str] = {}
        # Nodes are on the local network, so proxies of the environment are ignored.
        settings = {"timeout": TIMEOUT, "use_proxy": False, "validate_certs": validate_certs, "follow_redirects": "none"}
        self._client = Request(cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])), **settings)
        self.steps: list[dict] = []

    def run(self, account: Account) -> None:
        """Runs all steps. Raises RunbookError for the first that fails; the session is ended in any case."""
        if account.temporary:
            WRITES.before_write()
            self._step(SIGN_UP, "POST", self._urls.of("sign-up/email"), {"name": "Probe", **account.credentials})
            self._cookies.clear()
        answer = json_object(self._step(SIGN_IN, "POST", self._urls.of("sign-in/email"), account.credentials))
        self._require_session(answer)
        with cleanup_after(self._sign_out):
            token = token_in(self._step(TOKEN, "GET", self._urls.of("token")))
            self._hide([token])
            keys = self._urls.jwks or self._urls.of("jwks")
            require_signature(token, self._step(JWKS, "GET", keys, cookies=False), keys)
            if self._urls.verify:
                self._present(VERIFY, self._urls.verify, headers={"Authorization": f"Bearer {token}"}, cookies=False)
            for url in self._urls.cookies:
                self._present(COOKIE, url)

    def _require_session(self, answer: dict | None) -> None:
        problem = NOT_BETTER_AUTH if answer is None else TWO_FACTOR if answer.get("twoFactorRedirect") else "" if self._cookies else NO_COOKIE
        if problem:
            raise RunbookError(f"{SIGN_IN}: {self._urls.of('sign-in/email')} {problem}", step=SIGN_IN, status=200, steps=self.steps)

    def _present(self, step: str, url: str, headers: dict | None = None, cookies: bool = True) -> None:
        """Presents token or cookie, which proves something only where the service refuses a request without."""
        status, body, _headers = self._request("GET", url, cookies=False)
        if status != 401:
            what = "a token" if step == VERIFY else "a session"
            raise self._failed(step, status, url, body, f"Without {what} it must answer 401; otherwise an answer of 200 verifies nothing.")
        self._step(step, "GET", url, headers=headers, cookies=cookies)

    def _sign_out(self) -> None:
        self._step(SIGN_OUT, "POST", self._urls.of("sign-out"), {})

    def _step(self, step: str, method: str, url: str, body: dict | None = None, headers: dict | None = None, cookies: bool = True) -> bytes:
        status, answer, location = self._request(method, url, body, headers, cookies)
        self.steps.append({"step": step, "status": status})
        if status != 200:
            raise self._failed(step, status, url, answer, location=location)
        return answer

    def _failed(self, step: str, status: int, url: str, answer: bytes, cause: str = "", location: str = "") -> RunbookError:
        cause = cause or cause_of(step, status, answer, self._urls.sent_origin, location)
        return RunbookError(f"{step}: {url} answers with HTTP status {status}. {cause}", step=step, status=status, steps=self.steps)

    def _request(self, method: str, url: str, body: dict | None = None, headers: dict | None = None, cookies: bool = True) -> tuple[int, bytes, str]:
        """Status and body of the response, and where it redirects to."""
        sent = {**(headers or {}), **({} if body is None else {"Content-Type": "application/json"})}
        if url.startswith(self._urls.of("")):
            sent["Origin"] = self._urls.sent_origin
        if cookies and self._cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        try:
            answer = self._client.open(method, url, headers=sent, **({} if body is None else {"data": json.dumps(body)}))
        except HTTPError as error:
            answer = error
        except Exception as error:  # whatever the layers below raise: there was no response
            raise RunbookError(f"{url} does not answer: {error}. Check whether its pods are ready.", steps=self.steps) from error
        with answer:
            if cookies:
                self._take(answer.headers.get_all("Set-Cookie") or ())
            return answer.status, answer.read(MAX_BODY), answer.headers.get("Location") or ""

    def _take(self, headers: Iterable[str]) -> None:
        """Takes the cookies of a response; one without a value is removed."""
        for header in headers:
            name, _sign, value = header.partition(";")[0].strip().partition("=")
            self._hide([value] if value else [])
            self._cookies = {**{other: kept for other, kept in self._cookies.items() if other != name}, **({name: value} if value else {})}
