# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connects to a ready pod behind a Service, another one for each connection, and waits a while where there is none."""

from __future__ import annotations

import random
import threading
import time

from ..clients.cluster.access import FORBIDDEN, not_allowed
from ..clients.cluster.channels import PORT_FORWARD, Channels
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.kinds import path_of
from ..clients.cluster.tunnel import Refused
from ..errors import RunbookError
from .model import Forward
from .services import SERVICE_NAME, port_name, ready_pods
from .session import Session

MAX_AGE = 1.0  # seconds for which the known pods are used
AVOIDED = 5.0  # seconds for which a pod that refused a connection is not chosen, if there is another one
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between two attempts

Pod = tuple[str, int]  # its name, and its port


class Endpoints:
    """The pods behind a forward's Service."""

    def __init__(self, session: Session, forward: Forward):
        self.forward = forward
        self._session = session
        self._lock = threading.Lock()
        self._pods: list[Pod] = []
        self._read = 0.0  # when, by time.monotonic(); 0: not yet, or no more valid
        self._avoided: dict[Pod, float] = {}

    def connect(self) -> tuple[Pod, Channels]:
        """A connection to one of them. Raises RunbookError."""
        cluster = self._session.cluster()
        try:
            pod = self._choose(cluster)
            channels = self._open(cluster, pod)
        except RunbookError as error:
            self._session.failed(cluster, error)
            self._read = 0.0
            raise
        self._session.works(cluster)
        return pod, channels

    def avoid(self, pod: Pod) -> None:
        """For a while, as it has refused a connection."""
        self._avoided[pod] = time.monotonic() + AVOIDED
        self._read = 0.0

    def _choose(self, cluster: Cluster) -> Pod:
        with self._lock:
            if time.monotonic() - self._read > MAX_AGE or not self._read:
                self._pods, self._read = self._ready(cluster), time.monotonic()
            pods, now = self._pods, time.monotonic()
        if not pods:
            raise RunbookError(f"Service {self.forward.namespace}/{self.forward.service} has no ready endpoint: none of its pods is ready.")
        return random.choice([pod for pod in pods if self._avoided.get(pod, 0.0) < now] or pods)

    def _ready(self, cluster: Cluster) -> list[Pod]:
        forward = self.forward
        self._avoided = {pod: until for pod, until in self._avoided.items() if until > time.monotonic()}
        service = cluster.get("Service", forward.service, forward.namespace)
        if service is None:
            raise RunbookError(f"There is no Service {forward.service} in namespace {forward.namespace} any more.")
        slices = cluster.list("EndpointSlice", forward.namespace, label_selector=f"{SERVICE_NAME}={forward.service}")
        return ready_pods(slices, port_name(service, forward.port))

    def _open(self, cluster: Cluster, pod: Pod) -> Channels:
        name, port = pod
        try:
            return Channels.open(cluster, path_of("Pod", self.forward.namespace, name, "portforward"), [("ports", str(port))], PORT_FORWARD)
        except ApiError as error:
            if error.status == FORBIDDEN:
                raise not_allowed("get and create pods/portforward", self.forward.namespace) from error
            raise


class Attempts:
    """The attempts to connect one client, until ``patience`` seconds have passed."""

    def __init__(self, endpoints: Endpoints, patience: float):
        self._endpoints = endpoints
        self._deadline = time.monotonic() + patience
        self._pause = FIRST_PAUSE
        self.pod: Pod | None = None

    def open(self) -> Channels:
        """A connection to a pod. Raises the RunbookError of the last attempt."""
        while True:
            try:
                self.pod, channels = self._endpoints.connect()
                return channels
            except RunbookError:
                if not self._may_wait():
                    raise

    def may_retry(self, _refusal: Refused) -> bool:
        """Whether to try another pod, after a pause."""
        if self.pod:
            self._endpoints.avoid(self.pod)
        return self._may_wait()

    def _may_wait(self) -> bool:
        if time.monotonic() + self._pause > self._deadline:
            return False
        time.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return True
