# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Better Auth's secret rotated while people use the application, and rotations that are cut off."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from api_proxy import CountingProxy
from auth_callers import AtEachPod, Caller, requesting_tokens, stored_data, with_new_cookies, with_token
from secret_scan import Traces, found_in, secrets_of
from todo_client import TodoClient

from roles import Roles

pytestmark = pytest.mark.phase("application")
ROTATE = "playbooks/rotate_secret.yml"
DEPLOY = "playbooks/deploy.yml"
ENOUGH = 5  # answers that each caller gets after the rotation
SECRET, KEY, LIST_KEY = "frontend-secrets", "better-auth-secret", "better-auth-secrets"
COPY = "backend-api-secrets"
RESTART = "Restart the auth servers and verifiers (stage: {})"
SWITCHING = RESTART.format("promoted")
# The task that does a step; those that every stage has are named by the stage that was written before them.
TASKS = {
    "add": "Write rotation step add", "promote": "Write rotation step promote", "remove_old": "Write rotation step remove_old",
    "finish": "Write rotation step finish", "reencrypt": "Re-encrypt stored data with the new secret",
    "sync_copies": "Write rotation step sync_copies (stage: {})", "restart": RESTART,
}  # fmt: skip
STAGES = {"add": "added", "promote": "promoted", "remove_old": "old_removed"}


def writes_of(plan: str) -> list[str]:
    """The tasks that change something, in their order, out of the playbook's prediction."""
    steps, stage = re.search(r"Remaining steps: ([a-z_, ]+)\.", " ".join(plan.split()))[1].split(", "), "idle"
    tasks = []
    for step in steps:
        stage = STAGES.get(step, stage)
        tasks.append(TASKS[step].format(stage))
    return tasks


def versions_of(cluster) -> list[str]:
    """The versions in the Secret, the one in force first."""
    text = base64.b64decode(stored_data(cluster, SECRET).get(LIST_KEY, "")).decode()
    return [entry.split(":")[0] for entry in text.split(",") if entry]


@dataclass
class People:
    """Everybody who uses the application during a rotation."""

    cluster: object
    addresses: tuple[str, str]
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> People:
        person, other = TodoClient(*self.addresses), TodoClient(*self.addresses)
        for one in (person, other):
            one.sign_up()
            # A pod that ends closes open connections; a browser sends its request again then, which this client does not.
            one.http.headers["Connection"] = "close"
        proxy = self.stack.enter_context(CountingProxy(self.cluster)).server
        self.old_token = self.stack.enter_context(Caller(with_token(person), 0.1))
        self.tokens = self.stack.enter_context(Caller(requesting_tokens(person), 0.5))
        self.new_cookies = self.stack.enter_context(Caller(with_new_cookies(other), 1))
        self.at_pods = self.stack.enter_context(Caller(AtEachPod(self.cluster, other, proxy), 1))
        return self

    def __exit__(self, *exception) -> None:
        for caller in (self.old_token, self.new_cookies, self.at_pods, self.tokens):
            caller.go_on_for(ENOUGH)
        self.stack.__exit__(*exception)

    def check(self, cookies_refused: bool = False) -> None:
        """Nothing failed but sessions of the former stage, which are 401, and where that is announced, new cookies at the backend."""
        assert self.old_token.others(200) == []
        assert self.new_cookies.others(200, *([401] if cookies_refused else [])) == [], Counter(status for _when, status in self.new_cookies.answers)
        assert self.at_pods.others(200) == []
        assert self.tokens.others(200, 401) == [], Counter(status for _when, status in self.tokens.answers)


@pytest.fixture(scope="module", autouse=True)
def _as_deployed(cluster, playbooks):
    """Begins with no rotation under way, and ends with what deploy.yml restarts after one restarted."""
    if len(versions_of(cluster)) > 1:
        playbooks.run(ROTATE).ok()
    yield
    playbooks.run(DEPLOY).ok()


@dataclass
class Rotation:
    """One rotation while people use the application, and all that it left."""

    people: People
    traces: Traces
    values: dict[str, str]  # that may be nowhere
    before: dict[str, str]
    predicted: str
    lines: list[tuple[float, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def rotation(cluster, addresses, tmp_path_factory) -> Rotation:
    before, values = stored_data(cluster, SECRET), secrets_of(cluster, "before")
    with People(cluster, addresses) as people, Traces(tmp_path_factory.mktemp("rotation")) as traces:
        runs = Roles(shell=traces.shell)
        done = Rotation(people, traces, values, before, runs.run(ROTATE, "--check").ok().output)
        assert stored_data(cluster, SECRET) == before
        process = runs.start(ROTATE, "-vvvv", "--diff")
        done.lines += [(time.monotonic(), line) for line in process.stdout]
        traces.keep("rotate", "".join(line for _when, line in done.lines))
        assert process.wait() == 0, "".join(line for _when, line in done.lines[-80:])
    traces.collect(cluster)
    done.values |= secrets_of(cluster, "after")
    return done


def switching(lines: list[tuple[float, str]]) -> tuple[float, float]:
    """When the restart began in which the auth servers start to sign with the new secret, and when the step after it had seen the old pods' end."""
    tasks = [(when, line) for when, line in lines if "TASK [" in line]
    begin = next(when for when, line in tasks if SWITCHING in line)
    after = next(number for number, (_when, line) in enumerate(tasks) if TASKS["reencrypt"] in line)
    return begin, tasks[after + 1][0]


def test_a_rotation_breaks_no_token_and_no_new_cookie(cluster, rotation):
    predicted = " ".join(rotation.predicted.split())
    assert re.search(r"Sessions in browsers end.*: \d+ are open", predicted) and "one secret at a time" not in predicted, rotation.predicted[-3000:]
    rotation.people.check()
    begin, end = switching(rotation.lines)
    answers = rotation.people.tokens.answers
    next_request = next(when for when, _status in answers if when > end)  # maybe the first time at a new pod
    refused = [when for when, status in answers if status == 401]
    assert refused and all(begin <= when <= next_request for when in refused), (begin, end, next_request, refused)
    after = stored_data(cluster, SECRET)
    assert len(versions_of(cluster)) == 1 and after[KEY] != rotation.before[KEY]
    assert {key: stored_data(cluster, COPY)[key] for key in (KEY, LIST_KEY)} == {key: after[key] for key in (KEY, LIST_KEY)}


def test_the_former_secret_is_kept(cluster, rotation):
    for name in (SECRET, COPY):
        assert rotation.before[KEY] in stored_data(cluster, f"{name}-former").values()


@pytest.mark.no_rerun
def test_a_rotation_leaves_no_secret_anywhere(rotation):
    files = rotation.traces.files()
    assert {"ansible.log", "rotate", "processes", "events"} <= files, files
    assert list((rotation.traces.folder / "junit").iterdir()), "the callback junit has left nothing"
    assert {f"{when}: {name}" for when in ("before", "after") for name in ("secret", "database", "key 0")} <= set(rotation.values), set(rotation.values)
    assert found_in(rotation.traces.folder, rotation.values) == []


@pytest.mark.parametrize("tasks", [
    pytest.param([SWITCHING], id="once"),
    pytest.param([TASKS["promote"], SWITCHING, TASKS["reencrypt"]], id="three times", marks=pytest.mark.long),
])  # fmt: skip
def test_a_rotation_that_is_cut_off_goes_on(cluster, addresses, playbooks, tasks):
    """Killed as a stage is written, as pods change, or as everything is re-encrypted."""
    first = (versions_of(cluster) or ["1"])[0]
    with People(cluster, addresses) as people:
        for task in tasks:
            playbooks.killed_after(task, ROTATE)
        assert first in versions_of(cluster) and len(versions_of(cluster)) == 2
        done = playbooks.run(ROTATE).ok()
    people.check()
    assert versions_of(cluster) == [str(int(first) + 1)], done.output[-3000:]


def test_a_deploy_after_a_rotation_restarts_nothing(cluster, rotation, playbooks, tmp_path):
    """The Secrets were written after the pods had started, which run with the same values nevertheless."""
    report = tmp_path / "report.json"
    deployed = playbooks.run("playbooks/deploy.yml", rollout_force_conflicts=True, runbook_report_file=str(report)).ok()
    assert [action for action in json.loads(report.read_text())["actions"] if action["what"] == "restart"] == [], deployed.output[-3000:]


@pytest.mark.long
def test_two_rotations_in_a_row_refuse_no_new_cookie(cluster, addresses, playbooks):
    first = int((versions_of(cluster) or ["1"])[0])
    with People(cluster, addresses) as people:
        for _time in range(2):
            playbooks.run(ROTATE).ok()
    people.check()
    assert versions_of(cluster) == [str(first + 2)]


@pytest.mark.long
def test_a_backend_with_one_secret_refuses_new_cookies_only_as_announced(cluster, addresses, playbooks):
    """It is not declared as a verifier with several secrets, and has no list."""
    undeclared = ("-e", json.dumps({"runbook_app_overrides": {"auth": {"verifiers": []}}}))
    cluster.kubectl("patch", "secret", COPY, "--type=merge", "-p", json.dumps({"data": {LIST_KEY: None}}))
    cluster.kubectl("rollout", "restart", "deployment/backend-api")
    cluster.kubectl("rollout", "status", "deployment/backend-api", "--timeout=300s")
    predicted = " ".join(playbooks.run(ROTATE, "--check", *undeclared).ok().output.split())
    assert "Deployment/backend-api take one secret at a time. They refuse new session cookies" in predicted, predicted[-3000:]
    with People(cluster, addresses) as people:
        process = playbooks.start(ROTATE, *undeclared)
        lines = [(time.monotonic(), line) for line in process.stdout]
        assert process.wait() == 0, "".join(line for _when, line in lines[-80:])
    people.check(cookies_refused=True)
    begin, end = switching(lines)
    refused = [when for when, status in people.new_cookies.answers if status == 401]
    next_request = next(when for when, _status in people.new_cookies.answers if when > end)
    assert refused and all(begin <= when <= next_request for when in refused), (begin, end, refused)
    output = " ".join("".join(line for _when, line in lines).split())
    reported = int(re.search(r"Deployment/backend-api refused new session cookies for at most (\d+) s", output)[1])
    assert refused[-1] - refused[0] <= reported, (reported, refused)


@pytest.mark.long
def test_a_rotation_that_is_cut_off_anywhere_goes_on(cluster, addresses, playbooks):
    """Before and after every write of the plan."""
    person = TodoClient.signed_up(*addresses)
    token = with_token(person)
    for task in writes_of(playbooks.run(ROTATE, "--check").ok().output):
        for then in ("", "changed:"):
            playbooks.killed_after(task, ROTATE, then=then)
            assert token() == 200, f"killed at {task}, {then}"
            playbooks.run(ROTATE).ok()
            person.http.cookies.clear()
            person.sign_in()
            assert (token(), len(versions_of(cluster))) == (200, 1), f"killed at {task}, {then}"
            token = with_token(person)


@pytest.mark.long
def test_a_secret_of_ones_own_and_no_other_while_it_is_under_way(cluster, addresses, playbooks, tmp_path):
    person = TodoClient.signed_up(*addresses)
    person.token()  # a key lies under the secret
    own, other = (f"planted-{secrets.token_urlsafe(32)}" for _number in range(2))
    files = {}
    for value in (own, other, "too-short"):
        files[value] = tmp_path / f"{len(files)}.yml"
        files[value].write_text(f"auth_keys_new_secret: {value}\n")
    before = stored_data(cluster, SECRET)
    short = playbooks.run(ROTATE, "-e", f"@{files['too-short']}")
    assert short.status != 0 and "at least 32 characters" in short.output and stored_data(cluster, SECRET) == before
    output = playbooks.killed_after("Write rotation step add", ROTATE, "-e", f"@{files[own]}", "-vvvv", then="changed:")
    under_way = stored_data(cluster, SECRET)
    refused = playbooks.run(ROTATE, "-e", f"@{files[other]}", "-vvvv")
    assert refused.status != 0 and "a rotation to a different secret is in progress" in " ".join(refused.output.split()), refused.output[-3000:]
    assert stored_data(cluster, SECRET) == under_way
    done = playbooks.run(ROTATE, "-e", f"@{files[own]}", "-vvvv").ok()
    assert base64.b64decode(stored_data(cluster, SECRET)[KEY]).decode() == own
    assert [value for value in (own, other) if value in output + refused.output + done.output] == []
