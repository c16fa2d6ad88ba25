# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lines that a person reads."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.model import Answer
from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.problems import status_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.report import report
from endpoint_objects import endpoint_slice, observed, service, web_pod


def test_a_namespace_without_services():
    assert report([]) == {"services": [], "healthy": True, "problems": [], "summary": ["The namespace has no Service."]}


def test_a_line_for_each_service_and_then_the_problems():
    works = service(type="NodePort", ports=[{"port": 80, "targetPort": 8080, "nodePort": 30080}])
    broken = service("broken", clusterIP="None", selector={"app": "none"})
    alias = service("alias", type="ExternalName", externalName="db.example.org", selector=None)
    status = status_of(works, observed(works, pods=[web_pod()], slices=[endpoint_slice(address="2001:db8::5")]))
    status.answers[80] = (Answer("cluster", "http://web.default.svc:80/", True, 404), Answer("node_port", "192.0.2.2:30080", False, detail="refused"))
    result = report([status, *(status_of(one, observed(one, elsewhere=[])) for one in (broken, alias))])
    assert result["summary"] == [
        "web (NodePort, 10.96.0.7), selector app=web: port 80 (NodePort 30080) -> [2001:db8::5]:8080 of web-1, "
        "http://web.default.svc:80/ answers with HTTP status 404, 192.0.2.2:30080 does not answer.",
        "broken (ClusterIP, headless), selector app=none: port 80 -> no ready endpoint.",
        "Service alias is an ExternalName: it has no endpoints, and its DNS name is an alias of db.example.org.",
        "Headless Service broken in namespace default has no ready endpoint, because its selector app=none matches no pod in namespace default. "
        "Create the pods, or correct spec.selector.",
    ]
    assert not result["healthy"] and [one["category"] for one in result["problems"]] == ["selector_matches_no_pod"]
    assert result["services"][0]["ports"][0]["endpoints"] == [{"address": "[2001:db8::5]:8080", "pod": "web-1", "ready": True}]
