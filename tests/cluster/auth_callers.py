# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""People who use sign-in all the time: one with an old token, one who requests tokens, one with a new session each time, and one at each pod."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests
from background import Background
from todo_client import TIMEOUT, TodoClient

BOUND = 1800  # seconds after which a caller stops by itself
USES = 4  # of a new cookie


@dataclass
class Caller(Background):
    """Calls again and again while it is entered. ``answers``: (time.monotonic(), HTTP status or what went wrong)."""

    call: Callable[[], int]
    pause: float  # seconds between an answer and the next call
    answers: list[tuple[float, int | str]] = field(default_factory=list)

    def go_on_for(self, answers: int) -> None:
        """Returns when that many more have come."""
        wanted = len(self.answers) + answers
        while len(self.answers) < wanted and self._thread.is_alive():
            time.sleep(0.1)

    def others(self, *statuses: int) -> list[tuple[float, int | str]]:
        """The answers with none of these."""
        return [answer for answer in self.answers if answer[1] not in statuses]

    def _run(self) -> None:
        until = time.monotonic() + BOUND
        while not self._end.is_set() and time.monotonic() < until:
            began = time.monotonic()
            try:
                self.answers.append((began, self.call()))
            except requests.RequestException as error:
                self.answers.append((began, repr(error)))
            self._end.wait(self.pause)


def with_token(person: TodoClient) -> Callable[[], int]:
    """Calls the backend with one token, the present one."""
    headers = {"Authorization": f"Bearer {person.token()}"}
    return lambda: requests.get(f"{person.backend}/api/tasks", headers=headers, timeout=TIMEOUT).status_code


def with_new_cookies(person: TodoClient) -> Callable[[], int | str]:
    """Signs in each time, through the Service, and uses the new cookie at the backend, which verifies it, as often as its pods may differ."""

    def call() -> int | str:
        person.http.cookies.clear()
        signed_in = sign_in(person.http, person.frontend, person)
        if signed_in != 200:
            return f"sign-in: {signed_in}"
        statuses = [person.http.get(f"{person.backend}/api/tasks", timeout=TIMEOUT).status_code for _time in range(USES)]
        return next((status for status in statuses if status != 200), 200)

    return call


def requesting_tokens(person: TodoClient) -> Callable[[], int]:
    """Requests a token through the Service; who is refused signs in again, as a browser would."""

    def call() -> int:
        status = person.http.get(f"{person.frontend}/api/auth/token", timeout=TIMEOUT).status_code
        if status == 401:
            person.http.cookies.clear()
            sign_in(person.http, person.frontend, person)
        return status

    return call


def sign_in(http: requests.Session, base: str, person: TodoClient) -> int:
    """The HTTP status of a sign-in, waiting where too many sign in at once."""
    while True:
        body = {"email": person.email, "password": person.password}
        answer = http.post(f"{base}/api/auth/sign-in/email", json=body, headers={"Origin": person.frontend}, timeout=TIMEOUT)
        if answer.status_code != 429:
            return answer.status_code
        time.sleep(float(answer.headers.get("X-Retry-After", 1)))


class AtEachPod:
    """A session at each pod that serves, with which a token is requested from that very pod: sessions of one stage at pods of it."""

    def __init__(self, cluster, person: TodoClient, proxy: str):
        self._cluster, self._person, self._proxy = cluster, person, proxy
        self._sessions: dict[str, requests.Session] = {}

    def __call__(self) -> int | str:
        """The worst answer of all pods that serve before and after it; 200 where all are well."""
        statuses = {name: self._request(name) for name in self._serving()}
        still = self._serving()
        if not statuses:
            return "no pod serves"
        return next((status for name, status in statuses.items() if status != 200 and name in still), 200)

    def _serving(self) -> list[str]:
        pods = self._cluster.objects("pods", "default", "-l", "app.kubernetes.io/name=frontend")
        return [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"] and _is_ready(pod)]

    def _request(self, name: str) -> int | str:
        base = f"{self._proxy}/api/v1/namespaces/default/pods/{name}:3000/proxy"
        try:
            if name not in self._sessions:
                session = requests.Session()
                status = sign_in(session, base, self._person)
                if status != 200:
                    return status
                self._sessions[name] = session
            return self._sessions[name].get(f"{base}/api/auth/token", timeout=TIMEOUT).status_code
        except requests.RequestException as error:
            return repr(error)


def _is_ready(pod: dict) -> bool:
    return any((one["type"], one["status"]) == ("Ready", "True") for one in pod["status"].get("conditions") or [])


def stored_data(cluster, name: str) -> dict[str, str]:
    """A Secret's data as the API sends it."""
    return json.loads(cluster.kubectl("get", "secret", name, "-o", "json"))["data"]
