# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Opens connections to Docker Engines. The only file that imports the Docker SDK for Python, beside the ignore patterns of contexts."""

from __future__ import annotations

import os
import traceback
from contextlib import contextmanager

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import lacking

try:
    from docker import APIClient, ContextAPI
    from docker.errors import APIError, DockerException
    from docker.tls import TLSConfig
    from docker.utils import kwargs_from_env
    from urllib3.exceptions import HTTPError

    DOCKER_IMPORT_ERROR = None
except ImportError:
    APIClient = object

    class DockerException(Exception):
        """Stands for the SDK's exceptions where it is missing; nothing raises it."""

    APIError = HTTPError = DockerException
    ContextAPI = TLSConfig = kwargs_from_env = None
    DOCKER_IMPORT_ERROR = traceback.format_exc()

CONNECT_TIMEOUT = 5  # seconds until an engine that does not take the connection is called unreachable
READ_TIMEOUT = 60  # seconds for one answer; builds and pulls have no limit, as a silent step may take long


class DirectClient(APIClient):
    """The SDK's client, which trusts the engine's own authority alone and uses no proxy."""

    def merge_environment_settings(self, url, proxies, stream, verify, cert):
        """Keeps REQUESTS_CA_BUNDLE from taking the authority's place, and HTTPS_PROXY from standing before a node."""
        return {"proxies": {}, "stream": self.stream if stream is None else stream, "verify": self.verify, "cert": self.cert}


class EngineError(RunbookError):
    """The engine refused a call, or broke off. ``status`` is the HTTP status, None where no answer came."""

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message)
        self.status = status


def client_of_host() -> tuple[DirectClient, str, str | None]:
    """A client of the engine that the docker command would use here, what to call that engine, and its address."""
    _require_sdk()
    settings = kwargs_from_env()
    url = settings.get("base_url") or _context_url()
    where = f"Docker on this machine ({_named_by(url)})"
    return _connect(where, url, settings.get("tls", False)), where, url


def client_of_address(url: str, certificates: str, where: str) -> DirectClient:
    """A client of the engine at ``url``, with the TLS files ca.pem, cert.pem and key.pem in the folder ``certificates``."""
    _require_sdk()
    paths = {name: os.path.join(certificates, f"{name}.pem") for name in ("ca", "cert", "key")}
    for path in paths.values():
        if not os.path.exists(path):
            raise RunbookError(f"{where} cannot be asked: the certificate file {path} is missing. Run: minikube start")
    return _connect(where, url, TLSConfig(client_cert=(paths["cert"], paths["key"]), ca_cert=paths["ca"], verify=True))


@contextmanager
def answers(where: str, doing: str):
    """Turns what the SDK raises, and what it lets through of its libraries, into one sentence.

    An APIError's own text is left out: it holds the URL with all arguments.
    """
    try:
        yield
    except APIError as error:
        raise EngineError(f"{where} refused {doing}: {error.explanation}", error.status_code) from None
    except (DockerException, HTTPError, OSError) as error:
        raise EngineError(f"{where} broke off while {doing}: {root_cause(error)}. Is it still running? See: docker ps") from None


def root_cause(error: BaseException) -> str:
    """What the operating system said, where a library wrapped it several times; else the error's first line."""
    said = None
    link = error
    while link is not None:
        if isinstance(link, OSError) and link.strerror:
            said = link.strerror
        link = link.__cause__ or link.__context__
    return said or str(error).splitlines()[0]


def _require_sdk():
    if DOCKER_IMPORT_ERROR:
        raise RunbookError(lacking(["docker"]), exception=DOCKER_IMPORT_ERROR)


def _connect(where: str, url: str | None, tls) -> DirectClient:
    over_network = (url or "").startswith(("tcp:", "http"))
    timeout = (CONNECT_TIMEOUT, READ_TIMEOUT) if over_network else READ_TIMEOUT  # the SDK's socket adapters take one number only
    try:
        return DirectClient(base_url=url, tls=tls, timeout=timeout)
    except (DockerException, HTTPError, OSError) as error:
        raise EngineError(
            f"{where} does not answer: {root_cause(error)}. Start Docker, or correct (or unset) DOCKER_HOST, and run again."
        ) from None


def _context_url() -> str | None:
    """The address in the docker command's current context, None for the default one."""
    try:
        context = ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT"))
    except DockerException as error:
        raise RunbookError(f"The docker command's context cannot be read: {root_cause(error)}. See: docker context ls") from None
    if context is None:
        raise RunbookError(f"There is no docker context {os.environ.get('DOCKER_CONTEXT')}. See: docker context ls")
    return None if context.name == "default" else context.Host


def _named_by(url: str | None) -> str:
    if os.environ.get("DOCKER_HOST"):
        return f"DOCKER_HOST={os.environ['DOCKER_HOST']}"
    return url or "its default socket"
