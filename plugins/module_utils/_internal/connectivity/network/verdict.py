# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a connection does not work, from what was observed of it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..model import ProbeTarget
from .model import NO_ANSWER, UNSET, Connection, NetworkProbe, NodeSettings
from .policies import NetworkObjects, blocking_policies, dns_policies

OK = ""
URL = "url"
NAME_NOT_FOUND = "name_not_found"
DNS_NO_ANSWER = "dns_no_answer"
NETWORK_POLICY = "network_policy"
NO_TCP_ANSWER = "no_answer"
REFUSED = "refused"
UNREACHABLE = "unreachable"
HAPPY_EYEBALLS = "happy_eyeballs"
ADDRESS_ORDER = "address_order"
NODE = "node"
TLS = "tls"
HTTP = "http"
DATABASE = "database"
OF_NODE = (HAPPY_EYEBALLS, ADDRESS_ORDER)  # what NODE_OPTIONS can cure
NAME_IS_MISSING = ("ENOTFOUND", "EAI_NODATA")
SERVER_ERROR = 500


@dataclass(frozen=True)
class Verdict:
    """``cause``: one of the constants; ``problem``: a sentence with the next step, "" if the connection works; ``note``: what else is known."""

    cause: str = OK
    problem: str = ""
    note: str = ""


def needs_objects(connection: Connection) -> bool:
    """Whether a policy may be the cause, so that policies have to be read."""
    lookup = connection.lookup.failure
    if lookup:
        return lookup not in NAME_IS_MISSING
    return not connection.answering and any(attempt.failure in NO_ANSWER for attempt in connection.attempts)


def verdict_of(connection: Connection, probe: NetworkProbe, target: ProbeTarget, objects: NetworkObjects) -> Verdict:
    """The first of the causes that applies. ``target``: the pod that connects."""
    where = f"{connection.where} from {target.description}"
    judges: tuple[Callable[[], Verdict | None], ...] = (
        lambda: _of_url(connection, target),
        lambda: _of_lookup(connection, where, target, objects),
        lambda: _of_tcp(connection, where, target, objects),
        lambda: _of_node(connection, where, probe),
        lambda: _of_protocols(connection, where),
    )
    return next(filter(None, (judge() for judge in judges)), Verdict())


def _of_url(connection: Connection, target: ProbeTarget) -> Verdict | None:
    if not connection.url_problem:
        return None
    variable = f"The variable {connection.target.env} of container {target.container} of {target.description}"
    if connection.url_problem == UNSET:
        return Verdict(URL, f"{variable} is not set. Correct the option env, or the container's environment.")
    return Verdict(URL, f"{variable} has no URL with one host (scheme://user:password@host:port/…). Correct it, or set host and port instead of env.")


def _of_lookup(connection: Connection, where: str, target: ProbeTarget, objects: NetworkObjects) -> Verdict | None:
    failure, host = connection.lookup.failure, connection.host
    if not failure and connection.attempts:
        return None
    if not failure or failure in NAME_IS_MISSING:
        return Verdict(NAME_NOT_FOUND, f"{where}: the name {host} does not exist in DNS ({failure or 'no address'}). Correct the name, or create the Service.")
    text = f"{where}: the name {host} could not be resolved ({failure} after {connection.lookup.ms} ms)"
    policies = dns_policies(objects, target.pod_object)
    if policies:
        return Verdict(NETWORK_POLICY, f"{text}. {' and '.join(policies)} selects the pod and allows no DNS: add a rule for port 53.")
    hint = "Check CoreDNS: kubectl get pods -n kube-system -l k8s-app=kube-dns"
    return Verdict(DNS_NO_ANSWER, f"{text}: its DNS server does not answer, or failed. {hint}", _policies_unknown(objects))


def _of_tcp(connection: Connection, where: str, target: ProbeTarget, objects: NetworkObjects) -> Verdict | None:
    if connection.answering:
        return None
    silent = [attempt for attempt in connection.attempts if attempt.failure in NO_ANSWER]
    seen = ", ".join(f"{attempt.address} {attempt.failure} after {attempt.ms} ms" for attempt in connection.attempts)
    if silent:
        policies = [one for attempt in silent for one in blocking_policies(objects, target.pod_object, attempt.address, connection.port)]
        if policies:
            named = " and ".join(dict.fromkeys(policies))
            return Verdict(NETWORK_POLICY, f"{where}: no answer ({seen}). {named} selects the pod and has no rule that allows it: add one.")
        step = "A firewall drops the packets, or the host is down: check the host, and security groups and firewalls on the way."
        return Verdict(NO_TCP_ANSWER, f"{where}: no answer ({seen}). {step}", _policies_unknown(objects))
    if any(attempt.failure == "ECONNREFUSED" for attempt in connection.attempts):
        step = "Nothing listens there: check that the server runs, the port, and that the Service has ready endpoints."
        return Verdict(REFUSED, f"{where}: connection refused ({seen}). {step}")
    return Verdict(UNREACHABLE, f"{where}: no address can be reached ({seen}). Check routes and the address that the name resolves to.")


def _policies_unknown(objects: NetworkObjects) -> str:
    if objects.policies is not None:
        return ""
    return "NetworkPolicies were not read, as listing networkpolicies, services and pods is not allowed, so one may be the cause."


def _of_node(connection: Connection, where: str, probe: NetworkProbe) -> Verdict | None:
    node, settings = connection.node, probe.settings
    if node is None or settings is None or not node.failure:
        return None
    source = probe.process.source if probe.process else ""
    ended = _ended_attempts(connection, settings)
    if ended:
        return _happy_eyeballs(where, ended, connection, settings, source)
    errors = ", ".join(dict.fromkeys(code for code, _address in node.errors)) or node.failure
    answering = ", ".join(f"{attempt.address} after {attempt.ms} ms" for attempt in connection.answering)
    if not settings.auto_select_family and connection.answering[0] != connection.attempts[0]:
        text = f"{where}: Node.js {settings.version} uses only the first address, {connection.attempts[0].address} ({errors}), and {answering} answers"
        return Verdict(ADDRESS_ORDER, f"{text}. Run the playbook recover_network.yml.")
    return Verdict(NODE, f"{where}: Node.js {settings.version} cannot connect ({errors}), although {answering} answers. See the application's log.")


def _ended_attempts(connection: Connection, settings: NodeSettings) -> list[str]:
    """The attempts that Node's limit ended although the address answers: "ADDRESS after MS ms"."""
    if not settings.auto_select_family or connection.node is None:
        return []
    late = {address for code, address in connection.node.errors if code == "ETIMEDOUT"}
    return [f"{attempt.address} answers after {attempt.ms} ms" for attempt in connection.answering if attempt.address in late]


def _happy_eyeballs(where: str, ended: list[str], connection: Connection, settings: NodeSettings, source: str) -> Verdict:
    others = [f"{attempt.address} does not ({attempt.failure})" for attempt in connection.attempts if attempt.failure]
    codes = ", ".join(code for code, _address in connection.node.errors) if connection.node else ""
    text = (
        f"{where}: Node.js {settings.version} ends each attempt after {settings.attempt_timeout} ms (network family selection, Happy Eyeballs) and "
        f"fails with {connection.node.name if connection.node else ''} {connection.node.failure if connection.node else ''} ({codes}), although "
        f"{', '.join([*ended, *others])}"
    )
    if source:
        note = f"The application's code sets another selection itself ({source}), so nothing is changed"
        return Verdict(HAPPY_EYEBALLS, "", f"{text}. {note}; if its log still shows ETIMEDOUT, that code is not in effect.")
    return Verdict(HAPPY_EYEBALLS, f"{text}. Run the playbook recover_network.yml.")


def _of_protocols(connection: Connection, where: str) -> Verdict | None:
    tls, http = connection.tls or {}, connection.http or {}
    if tls.get("failure"):
        return Verdict(TLS, f"{where}: the TLS handshake failed: {tls['failure']}: {tls['detail']}. Check the server's certificate and its names.")
    if http.get("failure"):
        return Verdict(HTTP, f"{where}: connected, but no HTTP response: {http['failure']}: {http['detail']}. Check what listens there, and its log.")
    if http.get("status", 0) >= SERVER_ERROR:
        return Verdict(HTTP, f"{where}: HTTP status {http['status']} for {connection.target.path}. See the server's log.")
    if connection.database:
        return Verdict(DATABASE, f"{where}: connected, but SELECT 1 failed. {connection.database}")
    return None
