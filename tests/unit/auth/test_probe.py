# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A sign-in check against a server on loopback: what is sent, what is hidden, and the message for each wrong response."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.probe import (
    PROBE_DOMAIN,
    Account,
    SignInCheck,
    removal_statements,
    remove_temporary_accounts,
    temporary_account,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import CountError, Result
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

OWN = Account("probe@example.org", "password of the probe")
TOKEN, COOKIE = "header.payload.signature", "session-of-the-probe"


class Application(BaseHTTPRequestHandler):
    """Better Auth and a backend that verifies, as far as a probe requests them; ``wrong`` are answers that are not well, by path.

    ``broken`` are paths that fail for every request.
    """

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_GET

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.requests.append((self.path, json.loads(self.rfile.read(length) or b"{}"), dict(self.headers)))
        status, body = self._wanted()
        self.send_response(self.server.wrong.get(self.path, status))
        if self.path.startswith("/api/auth/sign-in"):
            self.send_header("Set-Cookie", f"better-auth.session_token={COOKIE}; Path=/; HttpOnly")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def _wanted(self) -> tuple[int, dict]:
        if self.path == "/api/tasks":
            accepted = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            return (401 if not accepted else 503 if self.path in self.server.broken else 200), {}
        signed_in = self.headers.get("Cookie") == f"better-auth.session_token={COOKIE}"
        needs = self.path in ("/api/auth/token", "/api/auth/sign-out")
        return (401 if needs and not signed_in else 200), {"token": TOKEN}

    def log_message(self, *_words) -> None:
        """Logs nothing."""


@pytest.fixture
def server():
    """The application, on a port of its own."""
    application = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    application.requests, application.wrong, application.broken = [], {}, set()
    thread = threading.Thread(target=application.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield application
    application.shutdown()
    application.server_close()


def check_of(server, verifies: bool = True) -> tuple[SignInCheck, set]:
    hidden: set = set()
    base = f"http://127.0.0.1:{server.server_port}"
    return SignInCheck(f"{base}/api/auth/", f"{base}/api/tasks" if verifies else "", hidden.update), hidden


def test_a_check(server):
    check, hidden = check_of(server)
    check.run(OWN)
    assert [one["step"] for one in check.steps] == ["sign_in", "token", "verify", "sign_out"]
    assert {one["status"] for one in check.steps} == {200} and hidden == {TOKEN, COOKIE}
    path, body, headers = server.requests[0]
    assert (path, body) == ("/api/auth/sign-in/email", {"email": OWN.email, "password": OWN.password})
    assert headers["Origin"] == f"http://127.0.0.1:{server.server_port}"
    assert "Cookie" not in server.requests[2][2] and "Cookie" not in server.requests[3][2], "the session is not shown to the backend"


def test_one_with_a_temporary_account(server):
    check, _hidden = check_of(server, verifies=False)
    account = temporary_account()
    check.run(account)
    assert [one["step"] for one in check.steps] == ["sign_up", "sign_in", "token", "sign_out"]
    assert account.email.endswith(f"@{PROBE_DOMAIN}") and account.password not in repr(account)
    assert temporary_account() != account


@pytest.mark.parametrize(("path", "status", "step", "words"), [
    ("/api/auth/sign-in/email", 401, "sign_in", "wrong credentials of the probe account"),
    ("/api/auth/token", 500, "token", "a key that the application can't decrypt"),
    ("/api/auth/sign-out", 500, "sign_out", "The session stays open"),
])  # fmt: skip
def test_wrong_answers(server, path, status, step, words):
    server.wrong = {path: status}
    check, _hidden = check_of(server)
    with pytest.raises(RunbookError, match=words) as failed:
        check.run(OWN)
    assert (failed.value.facts["step"], failed.value.facts["status"]) == (step, status)
    ended = [path for path, _body, _headers in server.requests].count("/api/auth/sign-out")
    assert ended == (0 if step == "sign_in" else 1), "a session that was opened is ended"
    assert OWN.password not in str(failed.value)


def test_the_session_is_ended_by_its_cookie_where_the_backend_fails(server):
    server.broken = {"/api/tasks"}
    with pytest.raises(RunbookError, match="verify: .* answers with HTTP status 503"):
        check_of(server)[0].run(OWN)
    path, _body, headers = server.requests[-1]
    assert (path, headers["Cookie"]) == ("/api/auth/sign-out", f"better-auth.session_token={COOKIE}")


def test_a_session_that_stays_open_is_reported_with_the_cause(server):
    server.wrong = {"/api/auth/token": 500, "/api/auth/sign-out": 502}
    with pytest.raises(RunbookError, match="a key that the application can't decrypt.*The session stays open") as failed:
        check_of(server)[0].run(OWN)
    assert failed.value.facts["step"] == "token"


def test_a_backend_that_accepts_requests_without_a_token(server):
    server.wrong = {"/api/tasks": 200}
    with pytest.raises(RunbookError, match="accepting a token verifies nothing"):
        check_of(server)[0].run(OWN)


def test_nobody_there(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(RunbookError, match="does not answer"):
        check_of(server)[0].run(OWN)


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
