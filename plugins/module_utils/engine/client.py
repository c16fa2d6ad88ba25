# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Docker Engines, by the Docker SDK for Python.

Images, containers and events are plain dicts as the Engine's API sends them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from ansible_collections.runbook.minikube.plugins.module_utils.engine.connection import (
    APIError,
    DockerException,
    EngineError,
    HTTPError,
    ImageNotFound,
    NotFound,
    TLSConfig,
    connect,
    context_url,
    kwargs_from_env,
    named_by,
    require_sdk,
    root_cause,
)
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

__all__ = ["Engine", "EngineError"]
PIECE = 1 << 20  # bytes read at once


class Engine:
    """One Docker Engine. ``where`` names it in messages, for example "The node's Docker (profile minikube)".

    ``url`` is its address, None for the default socket.
    """

    def __init__(self, api, where: str, url: str | None):
        self._api = api
        self.where = where
        self.url = url

    @classmethod
    def of_host(cls) -> Engine:
        """The engine that the docker command would use here: DOCKER_HOST, else the current context, else the socket."""
        require_sdk()
        settings = kwargs_from_env()
        url = settings.get("base_url") or context_url()
        where = f"Docker on this machine ({named_by(url)})"
        return cls(connect(where, url, settings.get("tls", False)), where, url)

    @classmethod
    def of_address(cls, url: str, certificates: str, where: str) -> Engine:
        """The engine at ``url`` (tcp://host:port), with the TLS files ca.pem, cert.pem and key.pem in the folder ``certificates``."""
        require_sdk()
        paths = {name: os.path.join(certificates, f"{name}.pem") for name in ("ca", "cert", "key")}
        for path in paths.values():
            if not os.path.exists(path):
                raise RunbookError(f"{where} cannot be asked: the certificate file {path} is missing. Run: minikube start")
        tls = TLSConfig(client_cert=(paths["cert"], paths["key"]), ca_cert=paths["ca"], verify=True)
        return cls(connect(where, url, tls), where, url)

    def images(self) -> list[dict]:
        """Every image with a name: Id, RepoTags, RepoDigests, Labels, Created (seconds)."""
        with self._answers("listing its images"):
            return self._api.images()

    def containers(self) -> list[dict]:
        """Every container, those that ended too: ImageID, Image."""
        with self._answers("listing its containers"):
            return self._api.containers(all=True)

    def image(self, reference: str) -> dict | None:
        """One image in full, by any form of reference or ID, or None."""
        with self._answers(f"inspecting the image {reference}"):
            try:
                return self._api.inspect_image(reference)
            except (ImageNotFound, NotFound):
                return None

    def container(self, name: str) -> dict | None:
        """One container in full, or None."""
        with self._answers(f"inspecting the container {name}"):
            try:
                return self._api.inspect_container(name)
            except NotFound:
                return None

    def pull(self, reference: str, platform: str | None = None):
        """Lets the engine itself pull an image. Returns when it is there."""
        with self._answers(f"pulling {reference}"):
            for event in self._api.pull(reference, stream=True, decode=True, platform=platform):
                if "error" in event:
                    raise EngineError(f"{self.where}: pulling {reference} failed: {event['error']}")

    def tag(self, image: str, repository: str, tag: str):
        """Gives an image that is there one more name."""
        with self._answers(f"tagging {image} as {repository}:{tag}"):
            self._api.tag(image, repository, tag)

    def build(self, archive: Iterable[bytes], **options) -> Iterator[dict]:
        """Sends the tar ``archive`` and yields the builder's events as they come: stream, aux, or error.

        ``options`` are those of the SDK's build: dockerfile, tag, buildargs, labels, target, platform.
        """
        with self._answers("building"):
            yield from self._api.build(fileobj=iter(archive), custom_context=True, decode=True, rm=True, forcerm=True, **options)

    def untag(self, reference: str):
        """Takes a name from an image, and the image with it where that was its last one and no container uses it."""
        with self._answers(f"removing {reference}"):
            try:
                self._api.remove_image(reference)
            except (ImageNotFound, NotFound):
                return

    def save(self, reference: str) -> Iterator[bytes]:
        """The archive that ``docker save`` of an image would make, as it comes."""
        with self._answers(f"reading the image {reference}"):
            response = self._api.get(self._url(f"/images/{quote(reference, safe='/:')}/get"), stream=True, timeout=None)
            self._require_well(response, f"reading the image {reference}")
            yield from response.iter_content(PIECE)

    def load(self, archive: Iterable[bytes]):
        """Sends an archive as ``docker load`` does. Returns when the engine has taken all of it. Raises EngineError where it has not."""
        with self._answers("loading"):
            response = self._api.post(self._url("/images/load"), data=iter(archive), params={"quiet": "1"}, stream=True, timeout=None)
            self._require_well(response, "loading")
            for line in filter(None, response.iter_lines()):
                event = json.loads(line)
                if "error" in event:
                    raise EngineError(f"{self.where} refused loading: {event['error'].strip()}")

    @contextmanager
    def _answers(self, doing: str):
        """Turns what the SDK raises, and what it lets through of its libraries, into one sentence.

        An APIError's own text is left out: it holds the URL with all arguments.
        """
        try:
            yield
        except APIError as error:
            raise EngineError(f"{self.where} refused {doing}: {error.explanation}", error.status_code) from None
        except (DockerException, HTTPError, OSError) as error:
            raise EngineError(f"{self.where} broke off while {doing}: {root_cause(error)}. Is it still running? See: docker ps") from None

    def _url(self, path: str) -> str:
        """For the two calls for which the SDK knows no way without a time limit."""
        return f"{self._api.base_url}/v{self._api.api_version}{path}"

    def _require_well(self, response, doing: str):
        if response.status_code < 400:
            return
        try:
            said = response.json()["message"]
        except (ValueError, KeyError, TypeError):
            said = response.reason
        raise EngineError(f"{self.where} refused {doing}: {said}", response.status_code)
