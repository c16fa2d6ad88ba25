# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A sign-in check against a server on loopback: what is sent, what is hidden, and the message for each wrong response."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.probe import ProbeOptions, removal_statements, remove_temporary_accounts
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sign_in import PROBE_DOMAIN, Account, SignInCheck, Urls, temporary_account
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import CountError, Result
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from signed_tokens import edwards_key, key_set, signed

OWN = Account("probe@example.org", "password of the probe")
KEY = edwards_key()
TOKEN, COOKIE = signed(KEY, "EdDSA"), "session-of-the-probe"
SIGN_IN, JWKS, TASKS = "/api/auth/sign-in/email", "/api/auth/jwks", "/api/tasks"
HTML = b"<!doctype html><title>An application</title>"


class Application(BaseHTTPRequestHandler):
    """Better Auth and a backend that verifies tokens and cookies, as far as a check requests them.

    ``wrong`` are other responses by path, as status, or as status, body and headers; ``broken`` are paths that fail for an accepted request.
    ``attributes`` follow the session's cookie.
    """

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_GET

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.requests.append((self.path, json.loads(self.rfile.read(length) or b"{}"), dict(self.headers)))
        status, body = self._wanted()
        wrong = self.server.wrong.get(self.path, status)
        status, content, headers = wrong if isinstance(wrong, tuple) else (wrong, json.dumps(body).encode(), {})
        self.send_response(status)
        if self.path == SIGN_IN and self.server.attributes is not None:
            self.send_header("Set-Cookie", f"better-auth.session_token={COOKIE}; Path=/; HttpOnly{self.server.attributes}")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _wanted(self) -> tuple[int, dict]:
        signed_in = self.headers.get("Cookie") == f"better-auth.session_token={COOKIE}"
        if self.path == TASKS:
            accepted = signed_in or self.headers.get("Authorization") == f"Bearer {TOKEN}"
            return (401 if not accepted else 503 if self.path in self.server.broken else 200), {}
        needs = self.path in ("/api/auth/token", "/api/auth/sign-out")
        return (401 if needs and not signed_in else 200), key_set(KEY, "EdDSA") if self.path == JWKS else {"token": TOKEN}

    def log_message(self, *_words) -> None:
        """Logs nothing."""


@pytest.fixture
def server():
    """The application, on a port of its own."""
    application = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    application.requests, application.wrong, application.broken, application.attributes = [], {}, set(), ""
    thread = threading.Thread(target=application.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield application
    application.shutdown()
    application.server_close()


def check_of(server, verifies: bool = True, cookies: bool = False, **urls) -> tuple[SignInCheck, set]:
    hidden: set = set()
    base = f"http://127.0.0.1:{server.server_port}"
    tasks = f"{base}{TASKS}"
    return SignInCheck(Urls(f"{base}/api/auth/", tasks if verifies else "", (tasks,) if cookies else (), **urls), hidden.update), hidden


def failure_of(server, **options) -> RunbookError:
    with pytest.raises(RunbookError) as failed:
        check_of(server, **options)[0].run(OWN)
    assert OWN.password not in str(failed.value) and TOKEN not in str(failed.value) and COOKIE not in str(failed.value)
    return failed.value


def test_a_check(server):
    check, hidden = check_of(server, cookies=True)
    check.run(OWN)
    assert [one["step"] for one in check.steps] == ["sign_in", "token", "jwks", "verify", "cookie", "sign_out"]
    assert {one["status"] for one in check.steps} == {200} and hidden == {TOKEN, COOKIE}
    path, body, headers = server.requests[0]
    assert (path, body) == (SIGN_IN, {"email": OWN.email, "password": OWN.password})
    assert headers["Origin"] == f"http://127.0.0.1:{server.server_port}"
    sent = [("Authorization" in headers, "Cookie" in headers) for path, _body, headers in server.requests if path == TASKS]
    assert sent == [(False, False), (True, False), (False, False), (False, True)], "token and cookie are presented one at a time"


def test_one_with_a_temporary_account(server):
    check, _hidden = check_of(server, verifies=False)
    account = temporary_account()
    check.run(account)
    assert [one["step"] for one in check.steps] == ["sign_up", "sign_in", "token", "jwks", "sign_out"]
    assert account.email.endswith(f"@{PROBE_DOMAIN}") and account.password not in repr(account)
    assert temporary_account() != account


@pytest.mark.parametrize(("path", "status", "step", "words"), [
    (SIGN_IN, 401, "sign_in", "wrong credentials of the probe account"),
    ("/api/auth/token", 500, "token", "a key that the application can't decrypt"),
    (JWKS, 404, "jwks", "Set the option jwks_url"),
    ("/api/auth/sign-out", 500, "sign_out", "The session stays open"),
])  # fmt: skip
def test_wrong_answers(server, path, status, step, words):
    server.wrong = {path: status}
    error = failure_of(server)
    assert words in str(error) and (error.facts["step"], error.facts["status"]) == (step, status)
    ended = [path for path, _body, _headers in server.requests].count("/api/auth/sign-out")
    assert ended == (0 if step == "sign_in" else 1), "a session that was opened is ended"


def answer(status: int, body: dict | bytes, **headers) -> tuple[int, bytes, dict]:
    return status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers


@pytest.mark.parametrize(("path", "response", "words"), [
    (SIGN_IN, answer(200, HTML), "sign_in: .* not with JSON as Better Auth does. Correct the option url"),
    (SIGN_IN, answer(200, {"twoFactorRedirect": True}), "asks for a second factor.*Use an account without it"),
    (SIGN_IN, answer(403, {"code": "INVALID_ORIGIN"}), "does not trust the origin http://127.0.0.1:.* Set the option origin"),
    (SIGN_IN, answer(403, {"message": "Invalid origin"}), "Set the option origin"),
    (SIGN_IN, answer(403, {"code": "EMAIL_NOT_VERIFIED"}), "is not confirmed"),
    (SIGN_IN, answer(403, HTML), "a 403 an unconfirmed address"),
    (SIGN_IN, answer(429, b""), "rate limit is reached"),
    (SIGN_IN, answer(301, b"", Location="https://app.test/sign-in?token=x"), r"redirects to https://app\.test\. Set the option"),
    ("/api/auth/token", answer(200, HTML), "token: the response contains no token"),
    ("/api/auth/token", answer(200, {"token": "header.payload.signature"}), "token: the response contains no token"),
    (JWKS, answer(200, HTML), "jwks: .* answers with no key set"),
    (JWKS, answer(200, {"keys": []}), "jwks: the key set at .* lacks the key"),
    (JWKS, answer(200, key_set(edwards_key(), "EdDSA")), "jwks: the token's signature does not fit the key"),
])  # fmt: skip
def test_answers_that_prove_nothing_or_have_another_cause(server, path, response, words):
    server.wrong = {path: response}
    assert re.search(words, str(failure_of(server, verifies=False)))


def test_a_server_that_answers_200_with_a_page_to_everything(server):
    server.wrong = {path: answer(200, HTML) for path in (SIGN_IN, "/api/auth/token", JWKS, "/api/auth/sign-out")}
    assert failure_of(server, verifies=False).facts["step"] == "sign_in"


def test_a_sign_in_without_a_cookie(server):
    server.attributes = None
    assert "sets no cookie" in str(failure_of(server))


def test_an_application_with_an_https_address_over_http(server):
    server.attributes = "; Secure; SameSite=Lax"
    check, _hidden = check_of(server, cookies=True, origin="https://app.example.org/")
    check.run(OWN)
    origins = {(path.startswith("/api/auth"), headers.get("Origin")) for path, _body, headers in server.requests}
    assert origins == {(True, "https://app.example.org"), (False, None)}


def test_a_service_that_rejects_a_fresh_cookie(server):
    server.broken = {TASKS}
    error = failure_of(server, verifies=False, cookies=True)
    assert error.facts["step"] == "cookie" and "it has another secret" in str(error)


@pytest.mark.parametrize(("options", "words"), [({}, "Without a token it must answer 401"),
                                                ({"verifies": False, "cookies": True}, "Without a session it must answer 401")])
def test_a_backend_that_accepts_everything(server, options, words):
    server.wrong = {TASKS: 200}
    assert words in str(failure_of(server, **options))


def test_the_session_is_ended_by_its_cookie_where_the_backend_fails(server):
    server.broken = {TASKS}
    assert "answers with HTTP status 503" in str(failure_of(server))
    path, _body, headers = server.requests[-1]
    assert (path, headers["Cookie"]) == ("/api/auth/sign-out", f"better-auth.session_token={COOKIE}")


def test_a_session_that_stays_open_is_reported_with_the_cause(server):
    server.wrong = {"/api/auth/token": 500, "/api/auth/sign-out": 502}
    with pytest.raises(RunbookError, match="a key that the application can't decrypt.*The session stays open") as failed:
        check_of(server)[0].run(OWN)
    assert failed.value.facts["step"] == "token"


def test_nobody_there(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(RunbookError, match="does not answer"):
        check_of(server)[0].run(OWN)


def test_an_origin_without_a_scheme():
    names = ("email", "password", "database", "verify_url", "jwks_url", "schema")
    params = {**dict.fromkeys(names), "url": "http://x/api/auth", "cookie_urls": [], "origin": "app.example.org"}
    with pytest.raises(RunbookError, match="^origin: must be .* with its scheme"):
        ProbeOptions.of(params)


def test_only_temporary_accounts_are_removed_sessions_first():
    statements = removal_statements("auth")
    assert [one.sql.split(" WHERE")[0] for one in statements] == [f'DELETE FROM "auth"."{name}"' for name in ("session", "account", "user")]
    assert {one.parameters for one in statements} == {(f"probe-%@{PROBE_DOMAIN}",)}


def test_an_account_that_stays_is_reported():
    class Refusing:
        def run(self, statements, write):
            raise CountError(2, 1, 0)

    class Removing:
        def run(self, statements, write):
            assert write
            return [Result(1), Result(1), Result(1)]

    assert remove_temporary_accounts(Removing(), None) == 1
    with pytest.raises(RunbookError, match="the next run removes it"):
        remove_temporary_accounts(Refusing(), None)
