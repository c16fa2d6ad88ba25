# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Docker Engines, by the Docker SDK for Python.

Images, containers and events are plain dicts as the Engine's API sends them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import quote

from ansible_collections.runbook.minikube.plugins.module_utils.engine.connection import (
    EngineError,
    answers,
    client_of_address,
    client_of_host,
)

__all__ = ["Engine", "EngineError"]
NOT_FOUND = 404
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
        return cls(*client_of_host())

    @classmethod
    def of_address(cls, url: str, certificates: str, where: str) -> Engine:
        """The engine at ``url`` (tcp://host:port), with the TLS files ca.pem, cert.pem and key.pem in the folder ``certificates``."""
        return cls(client_of_address(url, certificates, where), where, url)

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
        return self._found(lambda: self._api.inspect_image(reference), f"inspecting the image {reference}")

    def container(self, name: str) -> dict | None:
        """One container in full, or None."""
        return self._found(lambda: self._api.inspect_container(name), f"inspecting the container {name}")

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
        self._found(lambda: self._api.remove_image(reference), f"removing {reference}")

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

    def _answers(self, doing: str) -> AbstractContextManager:
        return answers(self.where, doing)

    def _found(self, call: Callable[[], dict | None], doing: str) -> dict | None:
        """What a call answers, None where the engine does not have what it asks for."""
        try:
            with self._answers(doing):
                return call()
        except EngineError as error:
            if error.status == NOT_FOUND:
                return None
            raise

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
