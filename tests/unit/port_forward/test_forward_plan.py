# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done about a supervisor, and what of that is reported."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.observe import Observed, with_former_ports
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.report import diff, report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.run import Result
from port_forward_data import BACKEND, FRONTEND, options, record

BOTH = (FRONTEND, BACKEND)
SERVED = Observed(record(*BOTH), True, True, wanted=(BACKEND, FRONTEND))


@pytest.mark.parametrize(("observed", "changes", "action", "reason"), [
    (Observed(None, False, False, wanted=BOTH), {}, "start", "there was no supervisor"),
    (Observed(record(*BOTH), True, False, wanted=BOTH), {}, "start", "the supervisor had ended"),
    (SERVED, {}, "", ""),
    (SERVED, {"state": "restarted"}, "restart", "the state restarted was requested"),
    (dataclasses.replace(SERVED, hung=True), {}, "restart", "does not respond"),
    (dataclasses.replace(SERVED, wanted=(FRONTEND,)), {}, "restart", "the forwards differ"),
    (SERVED, {"context": "other"}, "restart", "another cluster or kubeconfig"),
    (dataclasses.replace(SERVED, record=record(*BOTH, healthy=False)), {}, "", ""),
    (Observed(record(*BOTH, healthy=False, target=options(api_key="k").target), True, True, wanted=BOTH), {"api_key": "k"}, "restart", "may be new"),
    (Observed(record(*BOTH, target=options(api_key="k").target), True, True, wanted=BOTH), {"api_key": "k"}, "", ""),
    (Observed(record(*BOTH), True, True), {"state": "absent"}, "stop", "absent"),
    (Observed(record(*BOTH), True, False), {"state": "absent"}, "clean_up", "absent"),
    (Observed(None, False, False), {"state": "absent"}, "", ""),
])  # fmt: skip
def test_the_action_and_its_reason(observed, changes, action, reason):
    plan = make_plan(observed, options(**changes))
    assert plan.action == action and reason in plan.reason and plan.is_change is bool(action)


def test_a_port_that_can_not_be_used_is_refused_before_anything_is_changed():
    refusals = {FRONTEND: "Port 3000 is in use by python (pid 1)."}
    with pytest.raises(RunbookError, match="Port 3000 is in use by python .pid 1.. Nothing was changed."):
        make_plan(dataclasses.replace(SERVED, wanted=(FRONTEND,), refusals=refusals), options())
    assert not make_plan(dataclasses.replace(SERVED, refusals=refusals), options()).is_change


def test_exposed_and_hidden_forwards_are_warned_about():
    exposed = dataclasses.replace(FRONTEND, address="0.0.0.0")
    plan = make_plan(Observed(None, False, False, wanted=(exposed, BACKEND), hiding=("hidden",)), options(address="0.0.0.0"))
    assert plan.warnings == (
        "Everyone who reaches this host can use 0.0.0.0:3000 -> default/frontend:3000, with no more than the application's own protection.", "hidden"
    )


def test_a_free_port_is_kept_for_the_same_service():
    free = dataclasses.replace(FRONTEND, local_port=0)
    assert with_former_ports((free, BACKEND), record(dataclasses.replace(FRONTEND, local_port=40000))) == (
        dataclasses.replace(FRONTEND, local_port=40000), BACKEND
    )
    assert with_former_ports((free,), record(BACKEND)) == with_former_ports((free,), None) == (free,)


def test_the_predicted_result_has_the_forwards_and_the_same_diff():
    plan = make_plan(Observed(record(FRONTEND), True, True, wanted=BOTH), options())
    predicted, done = report(Result(plan, None, "/log")), report(Result(plan, record(*BOTH), "/log"))
    assert predicted["changed"] and predicted["pid"] is None and [one["healthy"] for one in predicted["forwards"]] == [None, None]
    assert done["forwards"][0]["url"] == "http://127.0.0.1:3000/api/health" and done["forwards"][0]["local"] == "127.0.0.1:3000"
    assert done["msg"] == "Forwards: 127.0.0.1:3000 -> default/frontend:3000, 127.0.0.1:8000 -> default/backend-api:8000" == predicted["msg"]
    lines = ["127.0.0.1:3000 -> default/frontend:3000\n", "127.0.0.1:8000 -> default/backend-api:8000\n"]
    assert diff(plan) == {"before": lines[0], "after": "".join(lines)}


def test_the_end_of_forwards_is_reported():
    ended = make_plan(Observed(record(*BOTH), True, True), options(state="absent"))
    nothing = make_plan(Observed(None, False, False), options(state="absent"))
    assert report(Result(ended, None, ""))["msg"] == "The forwards end, and their files are removed." and diff(ended)["after"] == ""
    assert report(Result(nothing, None, ""))["msg"] == "There are no forwards of this name." and not report(Result(nothing, None, ""))["changed"]


def test_addresses_for_people_and_for_clients():
    everywhere = dataclasses.replace(FRONTEND, address="::", local_port=0)
    assert str(everywhere) == "[::]:a free port -> default/frontend:3000" and everywhere.client_address == "::1" and everywhere.is_exposed
    assert not dataclasses.replace(FRONTEND, address="::1").is_exposed and dataclasses.replace(FRONTEND, address="0.0.0.0").client_address == "127.0.0.1"
