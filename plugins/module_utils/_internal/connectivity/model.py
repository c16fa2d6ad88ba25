# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTP requests from inside a container and their responses, independent of the program that sends them. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..workloads.daprd import health_state
from ..workloads.model import Workload

REFUSED, TIMED_OUT, BROKEN = "refused", "timed_out", "broken"


@dataclass(frozen=True)
class HttpRequest:
    """One HTTP request from inside a container. ``body`` is JSON text, "" for none.

    ``secret_headers``: header to the environment variable of the container that may hold its value, which never leaves the container.
    """

    method: str
    host: str
    port: int
    path: str
    body: str = ""
    secret_headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HttpResponse:
    """An HTTP status with its body, or (``status`` is None) why there is none.

    ``failure`` is REFUSED, TIMED_OUT or BROKEN; ``detail`` is the program's own message.
    """

    status: int | None
    body: str = ""
    failure: str = ""
    detail: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def daprd_health(self) -> str:
        """The health of the daprd that answered so, see workloads.daprd."""
        return health_state(self.status, timed_out=self.failure == TIMED_OUT)


@dataclass(frozen=True)
class ProbeTarget:
    """A container from which requests are sent. ``pod_object`` is its pod as the API sent it."""

    workload: Workload
    namespace: str
    pod: str
    container: str
    pod_object: dict = field(default_factory=dict, repr=False)

    @property
    def workload_name(self) -> str:
        """Kind and name as kubectl takes them, for example Deployment/backend-api."""
        return f"{self.workload.kind}/{self.workload.name}"

    @property
    def description(self) -> str:
        """For sentences."""
        return f"pod {self.namespace}/{self.pod} of {self.workload_name}"
