# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that name what to connect to."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.model import NetworkTarget
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.options import targets_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.options import CureOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.options import ProbeOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from network_data import DATABASE, PARAMS, PROBE, TARGET_PARAMS


def target(**fields):
    return targets_of([{**TARGET_PARAMS, **fields}], None)[0]


def test_targets_and_the_database():
    assert target(host="db.example.test.", port=5432) == NetworkTarget("db.example.test.", 5432)
    assert target(host="[2001:db8::1]", scheme="https") == NetworkTarget("2001:db8::1", 443, "https")
    assert target(env="API_URL", scheme="http", path="/health") == NetworkTarget("", 80, "http", "/health", "API_URL")
    assert targets_of(None, DATABASE) == (NetworkTarget(env="DATABASE_URL", port=5432, required=False, is_database=True),)


@pytest.mark.parametrize(("fields", "message"), [
    ({"port": 1}, r"targets\[0\] needs either host or env"),
    ({"host": "a", "env": "A", "port": 1}, r"targets\[0\] needs either host or env"),
    ({"host": "a"}, r"targets\[0\].port is missing"),
    ({"host": "a", "port": 70000}, r"targets\[0\].port must be from 1 to 65535, got 70000"),
    ({"host": "a", "port": 0}, r"targets\[0\].port must be from 1 to 65535, got 0"),
    ({"host": "http://a", "port": 1}, r"targets\[0\].host must be a host name or an IP address, without scheme"),
    ({"host": "a:5432", "port": 1}, r"targets\[0\].host must be a host name"),
    ({"host": "300.1.1.1", "port": 1}, r"targets\[0\].host must be a host name"),
    ({"host": "a;b", "port": 1}, r"targets\[0\].host must be a host name"),
    ({"env": "$(A)", "port": 1}, r"targets\[0\].env must be the name of an environment variable"),
    ({"host": "a", "scheme": "http", "path": "health"}, r"targets\[0\].path must start with /"),
    ({"host": "a", "scheme": "http", "path": "/a b"}, r"targets\[0\].path must start with / and contain no space"),
])  # fmt: skip
def test_bad_targets_name_the_option_and_the_fix(fields, message):
    with pytest.raises(RunbookError, match=message):
        target(**fields)


def test_dapr_is_checked_unless_connections_are():
    assert ProbeOptions.of(PROBE).dapr and ProbeOptions.of(PROBE).network is None
    assert not ProbeOptions.of({**PROBE, "database": DATABASE}).dapr and len(ProbeOptions.of({**PROBE, "database": DATABASE}).network) == 1
    assert ProbeOptions.of({**PROBE, "database": DATABASE, "dapr": True}).dapr
    assert ProbeOptions.of({**PROBE, "dapr": False}).network == ()


def test_options_that_make_no_sense_together_are_refused():
    publish = {"pubsub": "p", "topic": "t", "data": None, "allow_subscribed": False}
    with pytest.raises(RunbookError, match="publish needs the sidecar. Set dapr: true too"):
        ProbeOptions.of({**PROBE, "database": DATABASE, "publish": publish})
    with pytest.raises(RunbookError, match="targets and database are both missing"):
        CureOptions.of({**PARAMS, "state": "present"})
    for params, message in (({"workloads": []}, "workloads must not be empty"), ({"timeout": 0}, "timeout must be at least 1 second, got 0")):
        with pytest.raises(RunbookError, match=message):
            CureOptions.of({**PARAMS, "state": "absent", **params})
    assert CureOptions.of({**PARAMS, "state": "absent"}).targets == ()
