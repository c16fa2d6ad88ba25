# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import base64
import gzip
import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.drift.release import says, selector_of

VALUES = {"global": {"tag": "1.16.0"}}


def record(version, status, config):
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps({"config": config}).encode()))).decode()
    return {"metadata": {"labels": {"version": str(version), "status": status}}, "data": {"release": packed}}


@pytest.mark.parametrize("records, expected", [
    ([], "is not installed"),
    ([record(1, "deployed", VALUES)], ""),
    ([record(9, "deployed", {}), record(10, "deployed", VALUES)], ""),
    ([record(1, "deployed", VALUES), record(2, "pending-upgrade", VALUES)], "is pending-upgrade"),
    ([record(2, "failed", VALUES), record(1, "deployed", VALUES)], "is failed"),
    ([record(1, "deployed", {"global": {"tag": "1.15.0"}})], "was installed with other values"),
    ([record(1, "deployed", None)], "was installed with other values"),
])
def test_the_newest_record_decides(records, expected):
    assert says(records, VALUES) == expected


def test_no_values_were_asked_for_and_none_are_recorded():
    assert says([record(1, "deployed", None)], {}) == ""


def test_superseded_records_are_not_even_fetched():
    assert selector_of("dapr") == "owner=helm,name=dapr,status notin (superseded)"
