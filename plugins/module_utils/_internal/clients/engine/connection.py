# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Opens connections to Docker Engines. The only file that imports the Docker SDK for Python, beside the ignore patterns of contexts."""

from __future__ import annotations

import os
import traceback
from contextlib import contextmanager

from ...errors import RunbookError
from ...libraries import missing_message

try:
    from docker import APIClient, ContextAPI
    from docker.errors import APIError, DockerException
    from docker.tls import TLSConfig
    from docker.utils import kwargs_from_env
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    DOCKER_IMPORT_ERROR = None
except ImportError:
    APIClient = object

    class MissingSdkError(Exception):
        """Stands for the SDK's exceptions where it is missing; nothing raises it."""

    APIError = DockerException = HTTPError = ReadTimeoutError = MissingSdkError
    ContextAPI = TLSConfig = kwargs_from_env = None
    DOCKER_IMPORT_ERROR = traceback.format_exc()

CONNECT_TIMEOUT = 5  # seconds until an engine that does not accept the connection counts as unreachable
READ_TIMEOUT = 60  # seconds for one response; builds and pulls have no limit, as a step may print nothing for long


class DirectClient(APIClient):
    """The SDK's client, which trusts only the engine's own certificate authority and uses no proxy."""

    def merge_environment_settings(self, url, proxies, stream, verify, cert):
        """Ignores REQUESTS_CA_BUNDLE, which would replace the certificate authority, and HTTPS_PROXY."""
        return {"proxies": {}, "stream": self.stream if stream is None else stream, "verify": self.verify, "cert": self.cert}


class EngineError(RunbookError):
    """The engine refused a call, or the connection was lost. ``status`` is the HTTP status, None without a response."""

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message)
        self.status = status


def client_of_host() -> tuple[DirectClient, str, str | None]:
    """A client of the engine that the docker command uses on this host, the engine's name for messages, and its address."""
    _require_sdk()
    settings = kwargs_from_env()
    url = settings.get("base_url") or _context_url()
    name = f"Docker on this machine ({_source_of(url)})"
    return _connect(name, url, settings.get("tls", False)), name, url


def client_of_address(url: str, certificates: str, name: str) -> DirectClient:
    """A client of the engine at ``url``, with the TLS files ca.pem, cert.pem and key.pem in the folder ``certificates``."""
    _require_sdk()
    paths = {file: os.path.join(certificates, f"{file}.pem") for file in ("ca", "cert", "key")}
    for path in paths.values():
        if not os.path.exists(path):
            raise RunbookError(f"{name} cannot be reached: the certificate file {path} is missing. Run: minikube start")
    return _connect(name, url, TLSConfig(client_cert=(paths["cert"], paths["key"]), ca_cert=paths["ca"], verify=True))


@contextmanager
def engine_errors(name: str, doing: str):
    """Turns exceptions of the SDK and its libraries into an EngineError.

    An APIError's own text is omitted: it contains the URL with all arguments.
    """
    try:
        yield
    except APIError as error:
        raise EngineError(f"{name} refused {doing}: {error.explanation}", error.status_code) from None
    except (DockerException, HTTPError, OSError) as error:
        problem = "has made no progress while" if timed_out(error) else "closed the connection while"
        raise EngineError(f"{name} {problem} {doing}: {root_cause(error)}. Check that it is still running: docker ps") from None


def timed_out(error: BaseException | None) -> bool:
    """Whether a time limit ended a call, if libraries wrapped it several times."""
    while error is not None:
        if isinstance(error, (TimeoutError, ReadTimeoutError)):
            return True
        error = error.__cause__ or error.__context__
    return False


def root_cause(error: BaseException) -> str:
    """The operating system's message, if a library wrapped it several times; else the error's first line."""
    message = None
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, OSError) and link.strerror:
            message = link.strerror
        link = link.__cause__ or link.__context__
    return message or str(error).splitlines()[0]


def _require_sdk():
    if DOCKER_IMPORT_ERROR:
        raise RunbookError(missing_message(["docker"]), exception=DOCKER_IMPORT_ERROR)


def _connect(name: str, url: str | None, tls) -> DirectClient:
    over_network = (url or "").startswith(("tcp:", "http"))
    timeout = (CONNECT_TIMEOUT, READ_TIMEOUT) if over_network else READ_TIMEOUT  # the SDK's socket adapters accept a single number only
    try:
        return DirectClient(base_url=url, tls=tls, timeout=timeout)
    except (DockerException, HTTPError, OSError) as error:
        raise EngineError(
            f"{name} does not respond: {root_cause(error)}. Start Docker, or correct (or unset) DOCKER_HOST, and run again."
        ) from None


def _context_url() -> str | None:
    """The address in the docker command's current context, None for the default one."""
    try:
        context = ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT"))
    except DockerException as error:
        raise RunbookError(f"The context of the docker command cannot be read: {root_cause(error)}. Check: docker context ls") from None
    if context is None:
        raise RunbookError(f"The docker context {os.environ.get('DOCKER_CONTEXT')} does not exist. Check: docker context ls")
    return None if context.name == "default" else context.Host


def _source_of(url: str | None) -> str:
    if os.environ.get("DOCKER_HOST"):
        return f"DOCKER_HOST={os.environ['DOCKER_HOST']}"
    return url or "its default socket"
