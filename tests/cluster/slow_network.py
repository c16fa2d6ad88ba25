# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A path on which the handshake takes a second, beside an IPv6 address that cannot be reached: where Node.js ends its connections too early.

The first packet of each connection to the store's port SLOW is dropped in the network namespace of its pod, so that only the retransmission is
answered. All packets to the port DROPPED are dropped.
"""

from __future__ import annotations

import json
import subprocess

from harness import TestCluster

NAMESPACE = "runbook-test-network"
SLOW, DROPPED, CLOSED = 5432, 5433, 5434
HOST = "slow.example.test"
UNREACHABLE = "fd00:dead::1"
FIRST_PACKET = ("-m", "hashlimit", "--hashlimit-upto", "1/hour", "--hashlimit-burst", "1", "--hashlimit-mode", "srcip,srcport", "--hashlimit-name", "slow")
STORE = f"for (const port of [{SLOW}, {DROPPED}]) require('net').createServer((socket) => socket.on('error', () => {{}}).resume()).listen(port)"
# As on most clusters: a pod then has a link-local address, and without any IPv6 address Node.js does not even try one.
ENABLE_IPV6 = "for each in all default eth0; do echo 0 > /proc/sys/net/ipv6/conf/$each/disable_ipv6; done"
CLIENT = f"""
const attempt = () => {{
  const socket = require("net").connect({{ host: "{HOST}", port: {SLOW} }});
  const again = (...words) => {{ console.log(...words); socket.destroy(); setTimeout(attempt, 1000); }};
  socket.on("connect", () => again("connected"));
  socket.on("error", (error) => again(error.name, error.code, (error.errors || []).map((one) => one.code).join(",")));
}};
attempt();
"""


def create(cluster: TestCluster) -> str:
    """Creates the namespace and the store in it, and slows its port down. Returns the address of its Service."""
    apply(cluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    ports = [{"name": f"port-{port}", "port": port} for port in (SLOW, DROPPED, CLOSED)]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "store"}, "spec": {"selector": {"app": "store"}, "ports": ports}}
    apply(cluster, deployment("store", node_image(cluster), STORE), service)
    cluster.kubectl("rollout", "status", "deployment/store", "-n", NAMESPACE, "--timeout=300s")
    _in_pod(cluster, "-A", "INPUT", "-p", "tcp", "--syn", "--dport", str(SLOW), *FIRST_PACKET, "-j", "DROP")
    _in_pod(cluster, "-A", "INPUT", "-p", "tcp", "--dport", str(DROPPED), "-j", "DROP")
    return json.loads(cluster.kubectl("get", "service", "store", "-n", NAMESPACE, "-o", "json"))["spec"]["clusterIP"]


def client(cluster: TestCluster, name: str, address: str, **container) -> dict:
    """A Deployment that connects to HOST every second and prints how it went. ``container``: further fields of it."""
    image = node_image(cluster)
    made = deployment(name, image, CLIENT, **container)
    pod = made["spec"]["template"]["spec"]
    pod["initContainers"] = [{"name": "ipv6", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", ENABLE_IPV6],
                              "securityContext": {"privileged": True}}]
    pod["hostAliases"] = [{"ip": address, "hostnames": [HOST]}, {"ip": UNREACHABLE, "hostnames": [HOST]}]
    return made


def deployment(name: str, image: str, script: str, **container) -> dict:
    """A Deployment that runs a script with Node.js."""
    own = {"name": "app", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["node", "-e", script], **container}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [own]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def node_image(cluster: TestCluster) -> str:
    """An image in the node with Node.js."""
    return json.loads((cluster.state / "local_cluster.json").read_text())["base_images"]["node"]


def apply(cluster: TestCluster, *objects: dict, manager: str = "runbook-deploy") -> None:
    """Applies objects server-side in the namespace, by default as deploy.yml does."""
    content = json.dumps({"apiVersion": "v1", "kind": "List", "items": [with_namespace(one) for one in objects]})
    cluster.kubectl("apply", "--server-side", f"--field-manager={manager}", "-f", "-", stdin=content)


def with_namespace(obj: dict) -> dict:
    """The object in the namespace of the tests."""
    return obj if obj["kind"] == "Namespace" else {**obj, "metadata": {**obj["metadata"], "namespace": NAMESPACE}}


def _in_pod(cluster: TestCluster, *rule: str) -> None:
    """A packet filter's rule in the network namespace of the store's pod."""
    pod = cluster.objects("pods", NAMESPACE, "-l", "app=store")[0]
    container = pod["status"]["containerStatuses"][0]["containerID"].partition("://")[2]
    pid = cluster.docker("inspect", "-f", "{{.State.Pid}}", container).strip()
    subprocess.run(["docker", "exec", cluster.profile, "nsenter", "-t", pid, "-n", "iptables", *rule], check=True, timeout=60)
