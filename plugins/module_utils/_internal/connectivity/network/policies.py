# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which NetworkPolicies may block a connection that got no answer. Pure: objects as the API sends them.

A policy is named only if it selects the pod at one end of the blocked connection and none of its rules can allow it. A rule with selectors of
pods or namespaces, or with a named port, may allow it, as who is behind the address is not known for certain.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

EGRESS, INGRESS = "Egress", "Ingress"
DNS_PORT = 53


@dataclass(frozen=True)
class NetworkObjects:
    """The objects of the pod's namespace. ``policies``: None if they may not be listed."""

    policies: list[dict] | None = None
    services: tuple[dict, ...] = ()
    pods: tuple[dict, ...] = ()


def blocking_policies(objects: NetworkObjects, pod: dict, address: str, port: int) -> list[str]:
    """"Egress of NetworkPolicy NAME" for each direction in which policies select a pod and none of them can allow the connection.

    A policy sees the address of a Service or that of the pod behind it, depending on the network plugin, so either may be allowed.
    """
    receivers, ports = _receivers(objects, address, port)
    peers = [address, *filter(None, map(_address_of, receivers))]
    found = _blocking(objects.policies, EGRESS, [pod], Traffic(peers, [port, *ports]))
    return found + _blocking(objects.policies, INGRESS, receivers, Traffic([_address_of(pod)], ports))


def dns_policies(objects: NetworkObjects, pod: dict) -> list[str]:
    """The same for questions to a DNS server, whose address is not known."""
    return _blocking(objects.policies, EGRESS, [pod], Traffic([""], [DNS_PORT], "UDP"))


@dataclass(frozen=True)
class Traffic:
    """The addresses at the other end, of which "" is an unknown one, and the ports, any of which may be the one that counts."""

    peers: list[str]
    ports: list[int]
    protocol: str = "TCP"


def _blocking(policies: list[dict] | None, direction: str, pods: list[dict], traffic: Traffic) -> list[str]:
    """The policies of a direction that isolate one of the pods, unless one of them may allow the connection."""
    for pod in pods:
        isolating = [one for one in policies or [] if direction in _types_of(one) and _selects(one["spec"].get("podSelector") or {}, pod)]
        rules = [rule for policy in isolating for rule in policy["spec"].get(direction.lower()) or []]
        if isolating and not any(_may_allow(rule, direction, traffic) for rule in rules):
            names = ", ".join(sorted(policy["metadata"]["name"] for policy in isolating))
            return [f"{direction} of NetworkPolicy {names}"]
    return []


def _types_of(policy: dict) -> list[str]:
    spec = policy["spec"]
    return spec.get("policyTypes") or [INGRESS, *([EGRESS] if spec.get("egress") else [])]


def _selects(selector: dict, pod: dict) -> bool:
    labels = pod["metadata"].get("labels") or {}
    matches = all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return matches and all(_meets(labels, one) for one in selector.get("matchExpressions") or [])


def _meets(labels: dict, expression: dict) -> bool:
    key, values = expression["key"], expression.get("values") or []
    return {
        "In": labels.get(key) in values, "NotIn": labels.get(key) not in values,
        "Exists": key in labels, "DoesNotExist": key not in labels,
    }.get(expression["operator"], False)  # fmt: skip


def _may_allow(rule: dict, direction: str, traffic: Traffic) -> bool:
    peers = rule.get("to" if direction == EGRESS else "from") or []
    allowed = not peers or any(_may_be(one, address) for one in peers for address in traffic.peers)
    return allowed and _ports_allow(rule.get("ports") or [], traffic)


def _may_be(peer: dict, address: str) -> bool:
    block = peer.get("ipBlock")
    if not block or not address:
        return True
    return _within(address, block["cidr"]) and not any(_within(address, one) for one in block.get("except") or [])


def _within(address: str, cidr: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(cidr, strict=False)


def _ports_allow(entries: list[dict], traffic: Traffic) -> bool:
    relevant = [entry for entry in entries if entry.get("protocol", "TCP") == traffic.protocol]
    return not entries or any(_port_allows(entry, port) for entry in relevant for port in traffic.ports)


def _port_allows(entry: dict, port: int) -> bool:
    first = entry.get("port")
    if first is None or isinstance(first, str):
        return True
    return first <= port <= entry.get("endPort", first)


def _receivers(objects: NetworkObjects, address: str, port: int) -> tuple[list[dict], list[int]]:
    """The pods behind an address, and the ports at which they may receive what was sent to ``port``."""
    direct = [pod for pod in objects.pods if _address_of(pod) == address]
    if direct:
        return direct, [port]
    service = next((one for one in objects.services if address in (one["spec"].get("clusterIPs") or [one["spec"].get("clusterIP")])), None)
    selector = service["spec"].get("selector") if service else None
    if not service or not selector:
        return [], [port]
    targets = [entry.get("targetPort", port) for entry in service["spec"].get("ports") or [] if entry["port"] == port]
    numbers = [target for target in targets if isinstance(target, int)]
    return [pod for pod in objects.pods if _selects({"matchLabels": selector}, pod)], numbers or [port]


def _address_of(pod: dict) -> str:
    return (pod.get("status") or {}).get("podIP") or ""
