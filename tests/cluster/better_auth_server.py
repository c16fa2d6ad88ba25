# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real Better Auth of a chosen release in a namespace of its own, with a PostgreSQL of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import requests
from artifact_cache import saved_image
from harness import CHECKOUT, TestCluster
from images import ImageModule

CONTEXT = CHECKOUT / "tests/cluster/better_auth"
SECRET, KEY, LIST_KEY = "auth-secrets", "secret", "secrets"
ORIGIN = "http://better-auth.test"
PATIENCE = 300  # seconds
REPLICAS = 2
PERIOD = 30  # seconds that a one-time code is good for (RFC 6238)


@dataclass
class Server:
    """The server as a Deployment of two pods. ``secret``: its secret at the beginning, which it takes from ``variable``; ``origin``: its own address."""

    cluster: TestCluster
    release: str
    secret: str
    variable: str = "BETTER_AUTH_SECRET"
    origin: str = ORIGIN
    name: str = field(default_factory=lambda: f"better-auth-{uuid.uuid4().hex[:6]}")

    def __enter__(self) -> Server:
        record = json.loads((self.cluster.state / "local_cluster.json").read_text())
        image, password = self._image(record), uuid.uuid4().hex
        self.cluster.kubectl("create", "namespace", self.name)
        self._apply(*database(record["base_images"]["postgres"], password))
        self.cluster.kubectl("-n", self.name, "wait", "pod/postgres", "--for=condition=Ready", "--timeout=300s")
        self._apply(*self._objects(image, f"postgresql://auth:{password}@postgres:5432/auth"))
        self.wait()
        return self

    def __exit__(self, *_exception) -> None:
        self.cluster.kubectl("delete", "namespace", self.name, "--wait=false")

    def sql(self, sql: str) -> list[str]:
        """The lines that psql prints."""
        command = ("psql", "-h", "127.0.0.1", "-U", "auth", "-At", "-c", sql)
        return self.cluster.kubectl("-n", self.name, "exec", "postgres", "--", *command).splitlines()

    def wait(self) -> None:
        """Until all pods serve, those of before are gone, and the Service leads to them."""
        self.cluster.kubectl("-n", self.name, "rollout", "status", "deployment/auth", "--timeout=300s")
        deadline = time.monotonic() + PATIENCE
        while len(self.cluster.objects("pods", self.name, "-l", "app=auth")) > REPLICAS or not answers(f"{self.url}/ok"):
            assert time.monotonic() < deadline, f"{self.url} does not answer"
            time.sleep(0.2)

    def run_with(self, plain_keys: bool = False, secret: str = "", algorithm: str = "") -> None:
        """Restarts the pods with unencrypted keys or not, with another secret where one is passed, and with that algorithm of new keys."""
        if secret:
            data = json.dumps({"stringData": {KEY: secret}})
            self.cluster.kubectl("-n", self.name, "patch", "secret", SECRET, "--type=merge", "--patch-file", "/dev/stdin", stdin=data)
        self.cluster.kubectl("-n", self.name, "set", "env", "deployment/auth", f"PLAIN_KEYS={plain_keys:d}", f"ALGORITHM={algorithm}")
        self.cluster.kubectl("-n", self.name, "rollout", "restart", "deployment/auth")
        self.wait()

    def stored(self) -> dict[str, str]:
        """The Secret's values."""
        data = json.loads(self.cluster.kubectl("-n", self.name, "get", "secret", SECRET, "-o", "json"))["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    @property
    def options(self) -> dict:
        """What the role auth_keys needs to know."""
        return {
            "auth_keys_kubeconfig": str(self.cluster.kubeconfig), "auth_keys_context": self.cluster.profile, "auth_keys_namespace": self.name,
            "auth_keys_secrets": [{"secret": SECRET, "key": KEY}], "auth_keys_servers": [{"workload": "Deployment/auth"}],
            "auth_keys_database": {"secret": SECRET, "key": "database-url"},
        }  # fmt: skip

    @property
    def url(self) -> str:
        """Where the Service answers on the node."""
        node = next(a["address"] for a in self.cluster.objects("nodes")[0]["status"]["addresses"] if a["type"] == "InternalIP")
        (service,) = (one for one in self.cluster.objects("services", self.name) if one["metadata"]["name"] == "auth")
        return f"http://{node}:{service['spec']['ports'][0]['nodePort']}/api/auth"

    def _image(self, record: dict) -> str:
        """Loads the server into the node, and returns the image's reference."""
        module = ImageModule(self.cluster.profile, self.cluster.state, record["minikube"])
        name, base = f"better-auth-{self.release}", record["base_images"]["node"]

        def load(**source) -> str:
            return module.well(images=[{"name": name, **source}])["images"][0]["reference"]

        arguments = {"BASE_IMAGE": base, "BETTER_AUTH": self.release}
        return load(archive=str(saved_image(name, CONTEXT, base, lambda: load(path=str(CONTEXT), args=arguments))))

    def _apply(self, *objects: dict) -> None:
        self.cluster.kubectl("-n", self.name, "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def _objects(self, image: str, url: str) -> list[dict]:
        labels = {"app": "auth"}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": {KEY: self.secret, "database-url": url}}
        port = {"port": 3000, "targetPort": 3000}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "auth"}, "spec": {"type": "NodePort", "selector": labels, "ports": [port]}}
        taken = {self.variable: (KEY, False), "BETTER_AUTH_SECRETS": (LIST_KEY, True), "DATABASE_URL": ("database-url", False)}
        env = [
            {"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": key, "optional": optional}}}
            for name, (key, optional) in taken.items()
        ]
        container = {
            "name": "auth", "image": image, "imagePullPolicy": "Never", "env": [*env, {"name": "BETTER_AUTH_URL", "value": self.origin}],
            "readinessProbe": {"httpGet": {"path": "/health", "port": 3000}, "periodSeconds": 1, "timeoutSeconds": 10, "failureThreshold": 30},
            "lifecycle": {"preStop": {"sleep": {"seconds": 2}}},
        }  # fmt: skip
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 10}}
        spec = {"replicas": REPLICAS, "selector": {"matchLabels": labels}, "template": template}
        return [secret, service, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "auth"}, "spec": spec}]


def database(image: str, password: str) -> list[dict]:
    """A PostgreSQL with a database and a user named auth."""
    env = {"POSTGRES_USER": "auth", "POSTGRES_DB": "auth", "POSTGRES_PASSWORD": password, "PGPASSWORD": password}
    container = {
        "name": "postgres", "image": image, "imagePullPolicy": "IfNotPresent", "env": [{"name": name, "value": value} for name, value in env.items()],
        # By TCP, as the image first starts a database that listens to its socket alone.
        "readinessProbe": {"tcpSocket": {"port": 5432}, "periodSeconds": 1, "timeoutSeconds": 10, "failureThreshold": 30},
    }  # fmt: skip
    labels = {"app": "postgres"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "postgres", "labels": labels},
           "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]}}  # fmt: skip
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "postgres"}, "spec": {"selector": labels, "ports": [{"port": 5432}]}}
    return [pod, service]


class Person:
    """Somebody with an account on a server, with or without a second factor."""

    def __init__(self, server: Server):
        self.http, self.base, self.origin = requests.Session(), server.url, server.origin
        self.email, self.password = f"{uuid.uuid4().hex[:8]}@example.org", uuid.uuid4().hex
        self._post("sign-up/email", name="A Person", email=self.email, password=self.password).raise_for_status()
        self.seed = b""

    def sign_in(self) -> int:
        """The HTTP status of a sign-in, with the second factor where there is one."""
        self.http.cookies.clear()
        answer = self._post("sign-in/email", email=self.email, password=self.password)
        if answer.status_code == 200 and answer.json().get("twoFactorRedirect"):
            answer = self._post("two-factor/verify-totp", code=self.code())
        return answer.status_code

    def token_status(self) -> int:
        """The HTTP status of a token of the present session."""
        return self.http.get(f"{self.base}/token", timeout=30).status_code

    def key_of_a_token(self) -> str:
        """The id of the key that signs a token of the present session."""
        answer = self.http.get(f"{self.base}/token", timeout=30)
        answer.raise_for_status()
        header = answer.json()["token"].split(".")[0]
        return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]

    def enable_second_factor(self) -> list[str]:
        """Sets up one-time codes as an authenticator would, and returns the backup codes."""
        made = self._post("two-factor/enable", password=self.password)
        made.raise_for_status()
        seed = parse_qs(urlsplit(made.json()["totpURI"]).query)["secret"][0]
        self.seed = base64.b32decode(seed + "=" * (-len(seed) % 8))
        self._post("two-factor/verify-totp", code=self.code()).raise_for_status()
        return made.json()["backupCodes"]

    def use_backup_code(self, code: str) -> int:
        """The HTTP status of a sign-in with a backup code."""
        self.http.cookies.clear()
        self._post("sign-in/email", email=self.email, password=self.password).raise_for_status()
        return self._post("two-factor/verify-backup-code", code=code).status_code

    def code(self) -> str:
        """The one-time code of this moment (RFC 6238)."""
        digest = hmac.digest(self.seed, struct.pack(">Q", int(time.time()) // PERIOD), hashlib.sha1)
        offset = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"

    def _post(self, path: str, **body) -> requests.Response:
        return self.http.post(f"{self.base}/{path}", json=body, headers={"Origin": self.origin}, timeout=30)


def answers(url: str) -> bool:
    """Whether somebody answers with 200."""
    try:
        return requests.get(url, timeout=10).status_code == 200
    except requests.RequestException:
        return False


def served_keys(server: Server) -> set[str]:
    """The ids of the public keys by which tokens are verified."""
    return {key["kid"] for key in requests.get(f"{server.url}/jwks", timeout=30).json()["keys"]}
