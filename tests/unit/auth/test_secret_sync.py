# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which of several values is Better Auth's secret, where it is written, and what is kept and said before."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.ciphertext import encrypt
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import JwksRow
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.stages import SecretState
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.server_secrets import AuthServer
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets, parse_secrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sync.model import Consumer, SyncState
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sync.options import SyncOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sync.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sync.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.former import FormerValue
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.secrets import StoredSecret
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secret_sources import Ref

X, Y, Z, OLD = (f"secret {name} of a test that is long enough" for name in ("X", "Y", "Z", "of long ago"))
OWN, LIST, COPY, COPIED_LIST = Ref("web", "auth"), Ref("web", "auths"), Ref("api", "auth"), Ref("api", "auths")


def key(name, secret, version=None, expired=False):
    private = encrypt(json.dumps({"kty": "OKP", "d": "x"}), secret, os.urandom(24), version)
    return JwksRow(name, "{}", json.dumps(private), "2025-01-01 12:00:00+00", expired=expired)


class Auth:
    namespace = "default"


def state_of(single, copy, rows, versions="", copied="", running="same", source="", force=False, mark=False, previous=None, bare=None, **more):
    """``running``: both variables of the auth servers, "same" for what is stored, None where they could not be read."""
    options = SyncOptions(Auth(), (OWN, COPY), LIST.key, (COPIED_LIST,), source=source, force=force)
    texts = {"web": {OWN.key: single, LIST.key: versions}, "api": {COPY.key: copy, COPIED_LIST.key: copied}}
    stored = {name: StoredSecret("1", {key: text.encode() for key, text in data.items() if text}, **more) for name, data in texts.items()}
    rotation = SecretState(parse_secrets(single, versions, "w") if single or versions else SigningSecrets(), previous, mark)
    secrets = rotation.secrets if running == "same" else parse_secrets(*running, "w") if running else None
    servers = [AuthServer("Deployment/web", "web-1", "app", secrets, "" if secrets else "no shell")]
    consumers = [
        Consumer(OWN, "Deployment/web", (secrets.single or "").encode() if secrets else None, "" if secrets else "no shell"),
        Consumer(COPY, "Deployment/api", copy.encode()),
    ]
    return SyncState(options, stored, rotation, servers, consumers, tuple(rows), bare or {})


def written(plan):
    return {str(place): plan.targets[place] for place in plan.changed}


def restarted(plan):
    return sorted({one.workload for one in plan.stale})


def messages(plan, *kept):
    return " ".join(report(plan, list(kept))["messages"])


def test_what_signs_is_the_list_s_first_entry_and_not_the_single_secret():
    """After a rotation only the single secret is changed: the application works, and its value must not be spread."""
    state = dict(single=Y, copy=X, versions=f"2:{X}", rows=[key("k", X, 2)])
    plan = make_plan(state_of(**state))
    assert (plan.chosen.name, written(plan)) == ("web/auths", {"web/auth": X})
    assert plan.former_values == [(OWN, Y.encode())] and restarted(plan) == ["Deployment/web"]
    with pytest.raises(RunbookError, match="source: web/auth decrypts 0 of the keys in use, and api/auth 1.*auth_keys_force") as refused:
        make_plan(state_of(**state, source="web/auth"))
    assert X not in str(refused.value) and Y not in str(refused.value)


def test_both_changed_after_a_rotation():
    plan = make_plan(state_of(Y, Y, [key("k", X, 2)], versions=f"2:{X}"))
    assert written(plan) == {"web/auth": X, "api/auth": X}


def test_a_list_that_was_changed_gets_the_entry_back_under_its_version():
    state = dict(single=X, copy=X, versions=f"2:{Z}", copied=f"2:{Z}", rows=[key("k", X, 2)])
    with pytest.raises(RunbookError, match="web/auths decrypts 0 of the keys in use, and web/auth 1"):
        make_plan(state_of(**state))
    plan = make_plan(state_of(**state, source="api/auth"))
    assert written(plan) == {"web/auths": f"2:{X}", "api/auths": f"2:{X}"}
    forced = make_plan(state_of(**state, source="web/auths", force=True))
    assert written(forced) == {"web/auth": Z, "api/auth": Z} and forced.unreadable == ["k"]


def test_the_single_secret_beside_a_list_stays_where_data_without_a_version_lies_under_it():
    rows = [key("new", X, 2), key("old", OLD)]
    assert written(make_plan(state_of(OLD, Y, rows, versions=f"2:{X}"))) == {"api/auth": X}
    assert written(make_plan(state_of(OLD, X, rows[:1], versions=f"2:{X}", bare={OLD: 3}))) == {}
    assert written(make_plan(state_of(OLD, X, rows[:1], versions=f"2:{X}"))) == {"web/auth": X}


@pytest.mark.parametrize("versions", [f"1:{X},2:{Z}", f"2:{Z},1:{X}"])
def test_in_the_middle_of_a_rotation_the_places_follow_what_signs(versions):
    signing = versions[2:].split(",")[0]
    rows = [key("k", X)]
    plan = make_plan(state_of(Y, Y, rows, versions=versions, mark=True))
    assert written(plan) == {"web/auth": X, "api/auth": signing}, "what is not re-encrypted yet is decrypted with the single secret"
    assert "unfinished (stage: " in messages(plan) and "rotate_secret.yml" in messages(plan)
    assert written(make_plan(state_of(X, signing, rows, versions=versions, copied="1:whatever", mark=True))) == {}
    with pytest.raises(RunbookError, match="is not what the auth servers sign with.*unfinished.*rotate_secret.yml"):
        make_plan(state_of(Y, X, rows, versions=versions, source="web/auth", force=True, mark=True))


def test_an_unversioned_rotation_is_named_also_where_the_places_differ():
    with pytest.raises(RunbookError, match=r"not the same in all locations.*unfinished \(stage: replaced\).*rotate_secret.yml") as refused:
        make_plan(state_of(Z, X, [key("k", X)], previous=X, mark=True))
    assert refused.value.facts["rotation_stage"] == "replaced"


def test_places_that_differ_need_a_choice_and_say_how():
    with pytest.raises(RunbookError, match="Secret api/auth ends with a newline") as refused:
        make_plan(state_of(X, f"{X}\n", [key("k", X)]))
    assert "web/auth (1 key), api/auth (0 keys), what the auth servers run with (1 key)" in str(refused.value)
    assert "-e auth_keys_source=web/auth or api/auth or auth_servers" in str(refused.value)
    with pytest.raises(RunbookError, match="must be one of web/auth, api/auth, auth_servers, got web/kye"):
        make_plan(state_of(X, Y, [], source="web/kye"))
    with pytest.raises(RunbookError, match="source: api/auth has no value"):
        make_plan(state_of(X, "", [], source="api/auth"))


def test_only_the_frontend_was_changed():
    state = dict(single=Y, copy=X, rows=[key("k", X)])
    with pytest.raises(RunbookError, match="source: web/auth decrypts 0 of the keys in use, and api/auth 1"):
        make_plan(state_of(**state, source="web/auth"))
    plan = make_plan(state_of(**state, source="api/auth"))
    assert written(plan) == {"web/auth": X} and restarted(plan) == ["Deployment/web"]
    assert written(make_plan(state_of(**state, source="web/auth", force=True))) == {"api/auth": Y}


def test_retired_keys_decide_nothing():
    rows = [key("new", Y), key("gone", X, expired=True), key("gone too", X, expired=True)]
    assert written(make_plan(state_of(Y, X, rows, source="web/auth"))) == {"api/auth": Y}


def test_pods_that_run_with_the_last_copy_of_the_old_secret():
    state = dict(single=Y, copy=Y, rows=[key("k", X)], running=(X, ""))
    plan = make_plan(state_of(**state))
    assert written(plan) == {} and restarted(plan) == ["Deployment/web"]
    assert plan.former_values == [(OWN, X.encode())], "what only the pods have is kept"
    place = FormerValue("web", "auth", "web-former", "auth.1", added=True)
    assert "Sign-in works today" in messages(plan, place) and "auth_keys_source=auth_servers" in messages(plan, place)
    assert "are kept: web-former/auth.1" in messages(plan, place)
    result = report(plan, [place])
    assert (result["changed"], result["unreadable_keys"], result["sign_in"]) == (True, ["k"], "no_active_key")
    restored = make_plan(state_of(**state, source="auth_servers"))
    assert written(restored) == {"web/auth": X, "api/auth": X} and restarted(restored) == ["Deployment/api"]
    assert "Sign-in works today" not in messages(restored)


def test_servers_that_can_not_be_asked_are_restarted_where_their_place_was_written():
    plan = make_plan(state_of(Y, X, [key("k", X)], running=None, source="api/auth"))
    assert restarted(plan) == ["Deployment/web"]
    unchanged = make_plan(state_of(X, X, [key("k", X)], running=None))
    assert restarted(unchanged) == [] and report(unchanged, [])["unknown"] == ["Deployment/web"]


def test_a_healthy_application_and_its_result():
    plan = make_plan(state_of(X, X, [key("k", X, 2)], versions=f"2:{X}", copied=f"2:{X}"))
    result = report(plan, [])
    assert (result["changed"], result["messages"], result["restart_required"], result["sign_in"]) == (False, [], [], "ok")
    assert [one["action"] for one in result["destinations"]] == ["unchanged", "unchanged"]
    assert X not in json.dumps(result)


def test_a_copy_s_list_is_removed_where_there_is_none_any_more():
    plan = make_plan(state_of(X, X, [], copied=f"2:{Y}"))
    assert written(plan) == {"api/auths": None} and plan.former_values == [(COPIED_LIST, f"2:{Y}".encode())]
    assert report(plan, [])["diff"] == {
        "before": {"web": {"auth": "<unchanged>"}, "api": {"auth": "<unchanged>", "auths": "<old value>"}},
        "after": {"web": {"auth": "<unchanged>"}, "api": {"auth": "<unchanged>"}},
    }


def test_a_secret_that_another_tool_manages_is_refused_before_anything_is_written():
    with pytest.raises(RunbookError, match="No Secret was changed. The Secret web would have to change, but it is managed by Helm") as refused:
        make_plan(state_of(Y, X, [], source="api/auth", managed_by="Helm"))
    assert len(refused.value.facts["refusals"]) == 1


def test_a_value_that_a_list_can_not_hold():
    with pytest.raises(RunbookError, match="contains a comma"):
        make_plan(state_of("a,b" + X, X, [key("k", "a,b" + X)], versions=f"2:{Z}", source="web/auth"))


def test_a_manifest_that_would_write_the_former_value_back_is_warned_of():
    manifest = json.dumps({"stringData": {"auth": Y}})
    applied = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": manifest}}
    plan = make_plan(state_of(Y, X, [key("k", X)], source="api/auth", metadata=applied))
    assert len(plan.warnings) == 1 and "The Secret web was applied from a manifest that has the key auth" in plan.warnings[0] and Y not in plan.warnings[0]
    assert make_plan(state_of(Y, X, [], source="api/auth")).warnings == []
