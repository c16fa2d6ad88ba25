# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A person of the todo application, over HTTP as a browser would: sign up, sign in, token, tasks, chat.

Run it for one pass through the application: python todo_client.py http://NODE:30300 http://NODE:30800
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import requests

TIMEOUT = 60  # seconds, for one request; an answer of the chat may take that long
RATE_LIMIT_PATIENCE = 180  # seconds; Better Auth allows three sign-ups in ten seconds


class TodoClient:
    """One user of the application. `frontend` and `backend` are base URLs without a path.

    Every method raises requests.HTTPError for an answer that is no success.
    """

    def __init__(self, frontend: str, backend: str) -> None:
        self.frontend = frontend.rstrip("/")
        self.backend = backend.rstrip("/")
        self.http = requests.Session()
        self.email = f"user-{uuid.uuid4().hex[:12]}@example.org"
        self.password = uuid.uuid4().hex
        self.user_id = ""  # until the account is made

    @classmethod
    def signed_up(cls, frontend: str, backend: str) -> Self:
        """A user with an account and a session."""
        user = cls(frontend, backend)
        user.sign_up()
        return user

    def sign_up(self) -> dict:
        """Make the user's account; leaves a session, as in the browser. Returns {token, user}."""
        answer = self._auth("sign-up/email", {"name": "A User", "email": self.email, "password": self.password})
        self.user_id = answer["user"]["id"]
        return answer

    def sign_in(self) -> dict:
        """Returns {token, user, …}; the session replaces the one before."""
        return self._auth("sign-in/email", {"email": self.email, "password": self.password})

    def sign_out(self) -> None:
        self._auth("sign-out", {})

    def token(self) -> str:
        """A JWT of the present session, signed by the frontend."""
        response = self.http.get(f"{self.frontend}/api/auth/token", timeout=TIMEOUT)
        response.raise_for_status()
        return response.json()["token"]

    def tasks(self) -> list[dict]:
        """The user's tasks as backend-api returns them: {id, title, description, completed, created_at}."""
        return self._backend("GET", "tasks").json()

    def add_task(self, title: str) -> dict:
        return self._backend("POST", "tasks", {"title": title}).json()

    def complete_task(self, task_id: str) -> dict:
        return self._backend("POST", f"tasks/{task_id}/complete", {}).json()

    def tasks_by_cookie(self) -> list[dict]:
        """The same tasks, requested with the session's cookie, as a browser at backend-api's own address does."""
        response = self.http.get(f"{self.backend}/api/tasks", timeout=TIMEOUT)
        response.raise_for_status()
        return response.json()

    def chat(self, message: str, history: list[dict] | None = None) -> str:
        """Ask the chat and return its whole answer. Raises RuntimeError when the answer breaks off."""
        response = self._backend("POST", "chat", {"message": message, "history": history or []}, stream=True)
        return whole_answer(response)[0]

    def page(self, path: str) -> requests.Response:
        """A page of the frontend, redirects followed."""
        response = self.http.get(f"{self.frontend}{path}", timeout=TIMEOUT)
        response.raise_for_status()
        return response

    def _auth(self, path: str, body: dict) -> dict:
        deadline = time.monotonic() + RATE_LIMIT_PATIENCE
        while True:
            url = f"{self.frontend}/api/auth/{path}"
            response = self.http.post(url, json=body, headers={"Origin": self.frontend}, timeout=TIMEOUT)
            if response.status_code != 429 or time.monotonic() > deadline:
                response.raise_for_status()
                return response.json()
            time.sleep(float(response.headers.get("X-Retry-After", 1)))

    def request(self, method: str, path: str, body: dict | None = None, key: str | None = None, stream: bool = False) -> requests.Response:
        """The answer of backend-api, whatever its status. With a `key` it is the same request as the earlier one of that key;
        with an empty one, the request has none."""
        headers = {"Authorization": f"Bearer {self.token()}", "Idempotency-Key": uuid.uuid4().hex if key is None else key or None}
        return requests.request(method, f"{self.backend}/api/{path}", json=body, headers=headers, timeout=TIMEOUT, stream=stream)

    def _backend(self, method: str, path: str, body: dict | None = None, stream: bool = False) -> requests.Response:
        response = self.request(method, path, body, stream=stream)
        response.raise_for_status()
        return response


def as_probe(person: TodoClient, folder: Path) -> tuple[str, str]:
    """The options of a playbook that name a person's account as the one to prove sign-in with."""
    file = folder / "probe.json"
    file.write_text(json.dumps({"auth_keys_probe": {"email": person.email, "password": person.password}}))
    return "-e", f"@{file}"


def server_sent_events(response: requests.Response) -> Iterator[tuple[str, dict]]:
    """Pairs of an event's name and its data, out of a stream with one line of data an event."""
    event = "message"
    for line in response.iter_lines(decode_unicode=True):
        field, _colon, value = line.partition(": ")
        if field == "event":
            event = value
        elif field == "data":
            yield event, json.loads(value)


def whole_answer(response: requests.Response) -> tuple[str, dict]:
    """The text of the chat's answer, and the data of its last event. Raises RuntimeError when it breaks off."""
    events = list(server_sent_events(response))
    if not events or events[-1][0] != "done":
        raise RuntimeError(f"the chat's answer broke off: {events[-1:]}")
    return "".join(data["text"] for event, data in events if event == "delta"), events[-1][1]


def walk_through(frontend: str, backend: str) -> dict:
    """Sign up, sign out and in, ask the chat for a task. Returns {email, user_id, title, answer, tasks}."""
    client = TodoClient.signed_up(frontend, backend)
    client.sign_out()
    user = client.sign_in()["user"]
    title = f"buy milk {uuid.uuid4().hex[:8]}"
    answer = client.chat(f"Please add a task to {title}")
    return {"email": client.email, "user_id": user["id"], "title": title, "answer": answer, "tasks": client.tasks()}


if __name__ == "__main__":
    print(json.dumps(walk_through(sys.argv[1], sys.argv[2]), indent=2))
