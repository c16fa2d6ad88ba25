# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked inside a container, and what comes back, whatever program of the container carries it out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

REFUSED, TIMED_OUT, BROKEN = "refused", "timed_out", "broken"


@dataclass(frozen=True)
class Request:
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
class Answer:
    """How a request was answered: an HTTP status with its body, or (``status`` is None) why it was not.

    ``failure`` is REFUSED, TIMED_OUT or BROKEN; ``detail`` is the program's own word for it.
    """

    status: int | None
    body: str = ""
    failure: str = ""
    detail: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the status is one of success."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Target:
    """A container that is asked. ``found`` is its pod as the API sent it."""

    kind: str
    name: str
    namespace: str
    pod: str
    container: str
    found: dict = field(default_factory=dict, repr=False)

    @property
    def workload(self) -> str:
        """Kind and name, for example Deployment/backend-api."""
        return f"{self.kind}/{self.name}"

    @property
    def where(self) -> str:
        """For sentences."""
        return f"pod {self.namespace}/{self.pod} of {self.workload}"
