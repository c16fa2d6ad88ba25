# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is read before a supervisor is started: Services, permissions, and who holds the ports."""

from __future__ import annotations

import dataclasses
import time
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward import observe as module
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.folder import RECORD, Folder
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.options import InfoOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.ports import Holder, listener
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.printed import printed
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.report import info
from guarded_api import GuardedApi, permissions_of
from port_forward_data import BACKEND, FREE, FRONTEND, entry, options, record, service

RULES = yaml.safe_load((Path(__file__).resolve().parents[3] / "docs/rights/port_forward.yml").read_text())["rules"]
OBJECTS = [{"kind": "Service", **service("frontend", {"port": 3000})}]


@pytest.fixture
def folder(tmp_path) -> Folder:
    made = Folder(str(tmp_path / "state"), "todo")
    made.create()
    return made


def observed(folder: Folder, rules=RULES, **changes):
    api = GuardedApi(rules, OBJECTS)
    changes.setdefault("forwards", [entry("frontend", local_port=0, path="/api/health")])
    return observe(api.cluster, options(state_dir=str(folder.root), **changes), folder), api


def test_the_role_is_enough_and_nothing_of_it_is_superfluous(folder):
    found, api = observed(folder)
    assert found.wanted == (FREE,) and not found.running and not found.refusals
    assert api.permissions - api.used == set() and api.written == []


@pytest.mark.parametrize(("number", "verb"), [(number, verb) for number, rule in enumerate(RULES) for verb in rule["verbs"]])
def test_a_verb_that_is_missing_is_named_before_anything_is_started(folder, number, verb):
    left = [{**rule, "verbs": [one for one in rule["verbs"] if one != verb or place != number]} for place, rule in enumerate(RULES)]
    assert permissions_of(left) < permissions_of(RULES)
    with pytest.raises(RunbookError, match=f"Not allowed to {verb} {RULES[number]['resources'][0]} in namespace default"):
        observed(folder, left)


def test_without_a_cluster_forwards_can_be_ended(folder):
    folder.write(RECORD, record(FRONTEND).to_dict())
    found = observe(lambda: pytest.fail("the cluster was contacted"), options(state="absent", forwards=[]), folder)
    assert found.running and found.leftovers and found.served == (FRONTEND,)


def test_a_busy_port_is_a_refusal_unless_its_own_supervisor_has_it(folder):
    with closing(listener("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        wanted = dataclasses.replace(FRONTEND, local_port=port)
        request = [entry("frontend", local_port=port, path="/api/health")]
        found, _api = observed(folder, forwards=request)
        assert f"Port {port}, for default/frontend:3000, is in use by " in found.refusals[wanted]
        folder.write(RECORD, record(wanted).to_dict())
        assert observed(folder, forwards=request)[0].refusals == {}
        assert observed(folder, forwards=request, address="0.0.0.0")[0].refusals == {}, "it listens there once the former one has ended"


def test_a_port_of_another_supervisor_of_the_same_user_is_told(folder):
    with closing(listener("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        other = Folder(str(folder.root), "shop")
        other.create()
        other.write(RECORD, record(dataclasses.replace(BACKEND, local_port=port), name="shop").to_dict())
        found, _api = observed(folder, forwards=[entry("frontend", local_port=port)])
    refusal = " ".join(found.refusals.values())
    assert f"is in use by the forward 127.0.0.1:{port} -> default/backend-api:8000 of the supervisor shop (pid " in refusal
    assert "End that with name: shop, state: absent, or set another local_port (0 for a free one)." in refusal


def test_a_supervisor_that_writes_no_more_hangs(folder):
    folder.write(RECORD, record(FREE, seen=time.time() - 60).to_dict())
    assert not observed(folder)[0].hung
    folder.write(RECORD, record(FREE, seen=time.time() - 600).to_dict())
    assert observed(folder)[0].hung


def test_a_listener_that_takes_clients_of_localhost_is_warned_about(folder, monkeypatch):
    monkeypatch.setattr(module, "holders_of", lambda port: [Holder("::1", "me", 7, "node")] if port == 3000 else [])
    monkeypatch.setattr(module, "bind_error", lambda _address, _port: 0)
    found, _api = observed(folder, forwards=[entry("frontend")])
    assert found.hiding == ("Clients of localhost:3000 may reach node (pid 7) of user me at [::1], not default/frontend:3000: use 127.0.0.1:3000.",)


def told(folder: Folder, **changes) -> dict:
    return info(InfoOptions.of({"name": "", "log_lines": 2, "state_dir": str(folder.root), **changes}))


def test_supervisors_are_reported_with_the_end_of_their_logs(folder):
    folder.write(RECORD, record(FRONTEND, BACKEND).to_dict())
    folder.log.write_text("first\nsecond \x1b[31m\nthird\n")
    found = told(folder)
    (one,) = found["supervisors"]
    assert found["healthy"] and one["running"] and one["name"] == "todo" and one["log"] == ["second \\x1b[31m", "third"]
    assert one["forwards"][0] == printed(record(FRONTEND).statuses[0]) and one["target"]["context"] == "minikube"
    assert told(folder, name="other") == {"healthy": True, "supervisors": []}


def test_a_supervisor_that_has_ended_is_not_healthy(folder):
    folder.write(RECORD, record(FRONTEND, boot_id="an earlier boot").to_dict())
    (one,) = told(folder)["supervisors"]
    assert not told(folder)["healthy"] and not one["running"] and one["pid"] is None
    assert one["forwards"][0]["healthy"] is False and one["forwards"][0]["problem"] == "its supervisor has ended"


def test_a_folder_without_a_record_is_reported(folder):
    (one,) = told(folder)["supervisors"]
    assert not one["running"] and one["forwards"] == [] and not told(folder)["healthy"]
