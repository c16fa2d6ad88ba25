# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which flags a workload gets, and where nothing is written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.model import Attempt, NodeConnect, NodeSettings, Trial
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.policies import NetworkObjects
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.verdict import verdict_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.candidates import candidates_of, cured_by, value_with
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.model import ObservedWorkload
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.plan import plan_absent, plan_present
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.node_options import other_flags, selection_flags, with_selection
from network_data import CONNECTED, ENDED, FAST, FRONTEND, NO_ROUTE, NOT_SELECTING, SELECTING, SLOW, TARGET, connection, deployment, own, probe_of

LIMIT, NONE, FIRST = "--network-family-autoselection-attempt-timeout=2500", "--no-network-family-autoselection", "--dns-result-order=ipv4first"
ENDS = connection(SLOW, NO_ROUTE, node=ENDED)
HANGS = connection(Attempt("2001:db8::1", 6, 5000, "TIMEOUT"), FAST, node=NodeConnect(5000, "TIMEOUT"))


def trial(settings=None, connects=(CONNECTED,), exit_code=0):
    return Trial("", exit_code, "", settings, tuple(connects))


LONGER = trial(replace(SELECTING, attempt_timeout=2500))
OFF = trial(replace(SELECTING, auto_select_family=False))
REFUSED = trial(exit_code=9)


def observed(*connections, obj=None, settings=SELECTING, trials=None, **process):
    probe = probe_of(*(connections or (ENDS,)), settings=settings, **process)
    verdicts = tuple((one, verdict_of(one, probe, TARGET, NetworkObjects([]))) for one in probe.connections)
    item = ObservedWorkload(FRONTEND, obj or deployment(), "app", probe, verdicts)
    candidates = candidates_of(item)
    return replace(item, candidates=candidates, trials=tuple(trials or [LONGER] * len(candidates))[: len(candidates)])


def test_flags_are_read_and_merged():
    value = f'--require "/app/my hook.js" {NONE} --max-old-space-size=100 {FIRST}'
    assert selection_flags(value) == [NONE, FIRST] and other_flags(value) == ["--require", '"/app/my hook.js"', "--max-old-space-size=100"]
    assert with_selection(value, (LIMIT,)) == f'--require "/app/my hook.js" --max-old-space-size=100 {LIMIT}' and with_selection("", (LIMIT,)) == LIMIT
    assert selection_flags("--enable-network-family-autoselection --no-enable-network-family-autoselection --network-family-autoselection") != []


def test_the_least_change_comes_first():
    assert observed().candidates == ((LIMIT,), (NONE,), (NONE, FIRST))
    assert observed(connection(Attempt("192.0.2.1", 4, 90), NO_ROUTE, node=ENDED)).candidates[0] == ("--network-family-autoselection-attempt-timeout=1000",)
    assert observed(settings=replace(SELECTING, result_order="ipv4first")).candidates == ((LIMIT, FIRST), (NONE, FIRST), (NONE, FIRST))
    assert observed(settings=replace(SELECTING, version="v18.20.8")).candidates[1] == ("--no-enable-network-family-autoselection",)
    assert observed(HANGS, settings=NOT_SELECTING).candidates == ((FIRST,),)


def test_nothing_is_tried_where_node_is_not_the_cause():
    refused = connection(Attempt("192.0.2.1", 4, 1, "ECONNREFUSED"), node=NodeConnect(1, "ECONNREFUSED"))
    for one in (connection(FAST, node=CONNECTED), refused, connection(lookup="ENOTFOUND", node=NodeConnect(1, "ENOTFOUND"))):
        assert observed(one).candidates == () and plan_present(observed(one), "default").action == "none"
    assert observed(ENDS, source="/app/auth.js").candidates == () and not plan_present(observed(ENDS, source="/app/auth.js"), "default").reason


@pytest.mark.parametrize(("trials", "flags"), [
    ((LONGER, OFF, OFF), (LIMIT,)),
    ((REFUSED, OFF, OFF), (NONE,)),
    ((trial(SELECTING), OFF, OFF), (NONE,)),  # known, but without effect
    ((replace(LONGER, connects=(ENDED,)), replace(OFF, connects=(ENDED,)), trial(NodeSettings("v22.1.0", "", False, 250, "ipv4first"))), (NONE, FIRST)),
    ((REFUSED, REFUSED, REFUSED), ()),
    ((replace(LONGER, connects=()), replace(OFF, settings=None), OFF), ()),
])  # fmt: skip
def test_a_candidate_is_chosen_only_if_it_was_seen_to_work(trials, flags):
    assert cured_by(observed(trials=trials)) == flags


def test_every_affected_connection_has_to_succeed():
    both = (connection(url_problem="unset"), ENDS, connection(FAST, node=CONNECTED), ENDS)
    assert cured_by(observed(*both, trials=[replace(LONGER, connects=(CONNECTED, CONNECTED, ENDED)), OFF, OFF])) == ()
    assert cured_by(observed(*both, trials=[replace(LONGER, connects=(CONNECTED, NodeConnect(1, "X"), CONNECTED)), OFF, OFF])) == (LIMIT,)


def test_the_entry_keeps_what_the_image_sets():
    item = observed(options="--max-old-space-size=100 $(A)", container_options="--max-old-space-size=100 $(A)")
    cure = plan_present(item, "default")
    assert (cure.action, cure.value, cure.container, cure.present) == ("set", f"--max-old-space-size=100 $$(A) {LIMIT}", "app", True)
    assert value_with(item.probe, (NONE,)) == f"--max-old-space-size=100 $(A) {NONE}"


@pytest.mark.parametrize(("obj", "process", "source"), [
    (deployment([{"name": "NODE_OPTIONS", "value": "--x"}]), {}, "the manifest"),
    (deployment([{"name": "NODE_OPTIONS", "value": "--x"}], "runbook-deploy"), {}, "the manifest"),
    (deployment([{"name": "NODE_OPTIONS", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]), {}, "ConfigMap c, key k"),
    (deployment([{"name": "NODE_OPTIONS", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]), {}, "Secret s, key k"),
    (deployment(), {"options": "--x", "container_options": ""}, "the command that starts the application"),
    (deployment(envFrom=[{"secretRef": {"name": "s"}}]), {"options": "--x", "container_options": "--x"}, "the image or Secret s (envFrom)"),
    ({**deployment(), "spec": {"template": {"spec": {"containers": [{"name": "other"}]}}}}, {}, "what adds the container to the pods"),
])  # fmt: skip
def test_another_writer_is_named_with_the_flags_and_nothing_is_changed(obj, process, source):
    cure = plan_present(observed(obj=obj, **process), "default")
    assert cure.action == "none" and cure.flags == (LIMIT,)
    assert cure.reason == f"NODE_OPTIONS of container app of Deployment frontend is set by {source}, so nothing was changed. Add to its value there, and " \
        f"deploy: {LIMIT}"


def test_what_is_set_already_is_not_set_again_and_another_need_replaces_it():
    assert plan_present(observed(obj=own(LIMIT)), "default").action == "none" and plan_present(observed(obj=own(LIMIT)), "default").present
    changed = plan_present(observed(obj=own(NONE), options=NONE, container_options=NONE), "default")
    assert (changed.action, changed.value, changed.former) == ("set", LIMIT, NONE)
    healthy = plan_present(observed(connection(FAST, node=CONNECTED), obj=own(LIMIT)), "default")
    assert healthy.action == "none" and healthy.present and not healthy.reason


def test_where_no_value_helps_the_reasons_are_named():
    cure = plan_present(observed(trials=(REFUSED, trial(SELECTING), replace(OFF, connects=(ENDED,)))), "default")
    assert cure.action == "none" and f"{LIMIT}: Node.js refuses it (exit code 9); {NONE}: does not take effect" in cure.reason
    assert "Change how the application's code connects" in cure.reason


@pytest.mark.parametrize("runtime", ["bun", "deno"])
def test_other_runtimes_are_refused(runtime):
    cure = plan_present(observed(settings=None, runtime=runtime), "default")
    assert cure.action == "none" and f"Deployment frontend runs on {runtime.capitalize()}, which does not read NODE_OPTIONS" in cure.reason


def test_only_the_own_entry_is_removed():
    cure = plan_absent(ObservedWorkload(FRONTEND, own(LIMIT)), "default")
    assert (cure.action, cure.container, cure.former) == ("remove", "app", LIMIT)
    for obj in (deployment(), deployment([{"name": "NODE_OPTIONS", "value": "--x"}], "runbook-deploy")):
        assert plan_absent(ObservedWorkload(FRONTEND, obj), "default").action == "none"


def test_result_has_the_flags_and_no_other_value():
    secret = "--require=/run/secret-of-somebody"
    refused = connection(Attempt("192.0.2.1", 4, 1, "ECONNREFUSED"))
    item = observed(ENDS, refused, options=secret, container_options=secret)
    result = report([item], [plan_present(item, "default")])
    assert secret not in repr(result) and secret not in repr(item) + repr(plan_present(item, "default"))
    assert result["actions"] == [f"set {LIMIT} in NODE_OPTIONS of container app of Deployment frontend"] and result["changed"]
    assert result["diff"] == {
        "before": "Deployment frontend: container app: NODE_OPTIONS: (no flags for connections)\n",
        "after": f"Deployment frontend: container app: NODE_OPTIONS: {LIMIT}\n",
    }
    assert result["applied"] == [{"kind": "Deployment", "name": "frontend"}] and len(result["problems"]) == 1 and "refused" in result["problems"][0]
    assert result["workloads"][0]["connections"][0]["cause"] == "happy_eyeballs" and result["workloads"][0]["node"]["attempt_timeout_ms"] == 250


def test_result_of_a_removal():
    item = ObservedWorkload(FRONTEND, own(LIMIT))
    result = report([item], [plan_absent(item, "default")])
    assert result["actions"] == ["remove NODE_OPTIONS that was set for the network from Deployment frontend"] and result["workloads"][0]["node"] is None
    assert result["diff"]["after"] == "" and LIMIT in result["diff"]["before"] and result["applied"] == [{"kind": "Deployment", "name": "frontend"}]
