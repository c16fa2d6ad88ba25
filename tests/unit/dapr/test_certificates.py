# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Outdated trust anchors of a control plane component, as its log shows them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.certificates import BundleTimes, bundle_times, has_wrong_anchors

WRITTEN = datetime(2025, 3, 1, 12, 0, 48, tzinfo=timezone.utc)
FIRST = 'time="2025-03-01T11:35:25.166551859Z" level=info msg="Watching trust anchors file \'/tls/ca.crt\' for changes" scope=dapr.runtime.security'


def text(at: str) -> str:
    return f'time="2025-03-01T{at}Z" level=info msg="Trust anchors file changed, reloading trust anchors" instance=dapr-placement-server-0'


def as_json(at: str) -> str:
    return f'{{"instance":"x","level":"info","time":"2025-03-01T{at}Z","msg":"Trust anchors file changed, reloading trust anchors"}}'


@pytest.mark.parametrize("line", [text, as_json])
@pytest.mark.parametrize(("times", "wrong_anchors"), [
    ([], False),  # it uses those with which it started
    (["12:00:47.610005906"], True),
    (["12:00:48.9"], True),  # the kubelet had read them just before
    (["12:01:30.1"], False),
    (["12:00:10.5", "12:01:30.1"], False),
    (["11:40:00.5", "12:00:10.5"], True),
])  # fmt: skip
def test_last_reload_counts(line, times, wrong_anchors):
    log = "\n".join([FIRST, *map(line, times), 'time="2025-03-01T13:00:00Z" level=info msg="Stream connection is disconnected"'])
    assert has_wrong_anchors(log, WRITTEN) is wrong_anchors


@pytest.mark.parametrize(
    ("created", "started", "first"), [(-60, -50, True), (-60, -70, False), (-3000, -2000, False)],
    ids=["new installation", "objects created anew", "changed later"],
)  # fmt: skip
def test_pods_of_a_new_installation_can_know_no_other_bundle(created, started, first):
    written = BundleTimes(WRITTEN, WRITTEN + timedelta(seconds=created))
    assert written.is_first_filling(WRITTEN + timedelta(seconds=started)) is first
    assert not BundleTimes().is_first_filling(WRITTEN)


def test_times_of_the_bundle_are_those_of_both_objects():
    def stored(created: str, written: str) -> dict:
        return {"metadata": {"creationTimestamp": created, "managedFields": [{"time": written, "fieldsV1": {"f:data": {}}}]}}

    times = bundle_times(stored("2025-03-01T12:00:00Z", "2025-03-01T12:00:48Z"), stored("2025-03-01T12:00:01Z", "2025-03-01T12:00:47Z"))
    assert times == BundleTimes(WRITTEN, datetime(2025, 3, 1, 12, 0, 1, tzinfo=timezone.utc))
    assert bundle_times(None, None) == BundleTimes()
