# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The adapter to the API with a fake transport: errors, time limits, the server's clock, and the stream of a watch."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
import urllib3
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster import connection
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from kubernetes.client.exceptions import ApiException


class Answer:
    """A response: a body in chunks, after which the stream may break."""

    def __init__(self, *chunks, breaks=None, date=None):
        self.chunks = chunks
        self.breaks = breaks
        self.headers = {"Date": date} if date else {}
        self.closed = False

    def read(self):
        if self.breaks:
            raise self.breaks
        return b"".join(self.chunks)

    def stream(self, **_options):
        yield from self.chunks
        if self.breaks:
            raise self.breaks

    def close(self):
        self.closed = True


def cluster(answer):
    def request(*_args, **_options):
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Cluster(SimpleNamespace(configuration=SimpleNamespace(host="https://192.0.2.1:8443"), request=request))


def line(event, name):
    return json.dumps({"type": event, "object": {"metadata": {"name": name}}}).encode() + b"\n"


def test_watch_joins_lines_across_chunks():
    whole = line("ADDED", "a") + line("MODIFIED", "b")
    answer = Answer(whole[:10], whole[10:60], whole[60:])
    events = list(cluster(answer).watch("Pod", "default", "1", 5))
    assert [(event, obj["metadata"]["name"]) for event, obj in events] == [("ADDED", "a"), ("MODIFIED", "b")]
    assert answer.closed


def test_watch_with_an_expired_version_and_a_broken_stream():
    status = {"code": 410, "reason": "Expired", "message": "too old resource version"}
    expired = Answer(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
    with pytest.raises(ApiError) as error:
        list(cluster(expired).watch("Pod", "default", "1", 5))
    assert (error.value.status, expired.closed) == (410, True)
    broken = Answer(line("ADDED", "a"), breaks=urllib3.exceptions.ProtocolError("Connection broken"))
    events = []
    with pytest.raises(Unreachable, match="192.0.2.1"):
        for event, _obj in cluster(broken).watch("Pod", "default", "1", 5):
            events.append(event)
    assert events == ["ADDED"] and broken.closed


def test_api_errors_and_missing_objects():
    body = json.dumps({"message": "pods is forbidden", "reason": "Forbidden"})
    refused = ApiException(status=403, reason="Forbidden")
    refused.body = body
    with pytest.raises(ApiError, match="GET /api/v1/namespaces/x/pods: pods is forbidden") as error:
        cluster(refused).list("Pod", "x")
    assert (error.value.status, error.value.reason) == (403, "Forbidden")
    assert cluster(ApiException(status=404, reason="Not Found")).get("Pod", "a", "x") is None


@pytest.mark.parametrize("breaks_while_reading", [True, False])
def test_a_lost_connection_is_unreachable(breaks_while_reading):
    error = urllib3.exceptions.ProtocolError("Connection aborted")
    with pytest.raises(Unreachable, match="minikube status"):
        cluster(Answer(breaks=error) if breaks_while_reading else error).list("Pod", "x")


@pytest.mark.parametrize(("skew", "counts"), [(0, False), (1, False), (90, True), (-90, True)])
def test_now_is_the_servers_time(skew, counts):
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=skew), usegmt=True)
    reached = cluster(Answer(b'{"items": [], "metadata": {"resourceVersion": "1"}}', date=date))
    reached.list("Pod", "x")
    off = (reached.now() - datetime.now(timezone.utc)).total_seconds()
    assert abs(off - (skew if counts else 0)) < 2


@pytest.mark.parametrize(("body", "expected"), [(b"ready\n", "ready\n"), (b"unable to retrieve container logs for docker://0123456789ab", "")])
def test_the_kubelets_message_about_a_removed_container_is_not_a_log(body, expected):
    assert cluster(Answer(body)).logs("pod", "default", "daprd") == expected


def test_connecting_times_out(monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT", 0.05)
    released = threading.Event()
    monkeypatch.setattr(connection, "get_api_client", lambda **_options: released.wait())
    try:
        with pytest.raises(Unreachable, match="dead-context .*no answer within"):
            Cluster.connect({"context": "dead-context"})
    finally:
        released.set()


def test_a_wrong_option_is_named(monkeypatch):
    def refuse(**_options):
        raise ValueError("no context of that name\nand more")

    monkeypatch.setattr(connection, "get_api_client", refuse)
    with pytest.raises(connection.RunbookError, match="Can't connect to ctx: no context of that name. Check the options kubeconfig and context"):
        Cluster.connect({"context": "ctx"})
