# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks URLs until they answer as expected, all of them at once."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

from ansible.module_utils.urls import open_url
from ansible_collections.runbook.minikube.plugins.module_utils.health.addresses import differences

PAUSE = 0.5  # seconds between two questions
ANSWER_TIMEOUT = 5  # seconds for one answer


def ask_all(checks: list[dict], timeout: float) -> list[dict]:
    """Asks each check ({name, url, status, json}) for up to ``timeout`` seconds.

    Returns for each {name, url, healthy, problem, attempts, seconds}; ``problem`` is "" or what was wrong with the last answer.
    """
    if not checks:
        return []
    with ThreadPoolExecutor(max_workers=len(checks)) as pool:
        return list(pool.map(lambda check: _ask_until(check, time.monotonic() + timeout), checks))


def _ask_until(check: dict, deadline: float) -> dict:
    began, attempts = time.monotonic(), 0
    while True:
        attempts += 1
        problem = _problem(check)
        if not problem or time.monotonic() + PAUSE > deadline:
            seconds = round(time.monotonic() - began, 2)
            return {"name": check["name"], "url": check["url"], "healthy": not problem, "problem": problem, "attempts": attempts, "seconds": seconds}
        time.sleep(PAUSE)


def _problem(check: dict) -> str:
    try:
        status, body = _get(check["url"], follow=not 300 <= check["status"] < 400)
    except Exception as error:  # open_url raises whatever the layers below it do; each means that there was no answer
        return f"does not answer: {error}"
    if status != check["status"]:
        return f"answers with status {status}, not {check['status']}"
    return "; ".join(differences(check["json"], _parsed(body))) if check.get("json") else ""


def _get(url: str, *, follow: bool) -> tuple[int, bytes]:
    try:
        # Nodes are on the machine's own network, so no proxy of the environment is asked.
        answer = open_url(url, timeout=ANSWER_TIMEOUT, use_proxy=False, follow_redirects="safe" if follow else "none")
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.read()


def _parsed(body: bytes):
    try:
        return json.loads(body)
    except ValueError:
        return "no JSON"
