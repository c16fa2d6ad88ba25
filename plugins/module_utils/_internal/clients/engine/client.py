# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Docker Engines, by the Docker SDK for Python.

Images, containers and events are plain dicts as the Engine's API sends them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import quote

from ...write_guard import WRITES
from .connection import EngineError, client_of_address, client_of_host, engine_errors

__all__ = ["NO_SPACE", "Engine", "EngineError"]
NOT_FOUND = 404
PIECE = 1 << 20  # bytes read at a time
# Seconds in which an engine takes nothing of an archive, and in which it sends nothing: it prepares or unpacks an image then.
ARCHIVE_TIMEOUTS = (120, 600)
NO_SPACE = "no space left"  # in the error of an engine whose disk is full


class Engine:
    """One Docker Engine. ``name`` is its name in messages, for example "The node's Docker (profile minikube)".

    ``url`` is its address, None for the default socket.
    """

    def __init__(self, api, name: str, url: str | None):
        self._api = api
        self.name = name
        self.url = url

    @classmethod
    def of_host(cls) -> Engine:
        """The engine that the docker command uses on this host: DOCKER_HOST, else the current context, else the socket."""
        return cls(*client_of_host())

    @classmethod
    def of_address(cls, url: str, certificates: str, name: str) -> Engine:
        """The engine at ``url`` (tcp://host:port), with the TLS files ca.pem, cert.pem and key.pem in the folder ``certificates``."""
        return cls(client_of_address(url, certificates, name), name, url)

    def images(self) -> list[dict]:
        """All images with a name: Id, RepoTags, RepoDigests, Labels, Created (seconds)."""
        with self._errors("listing its images"):
            return self._api.images()

    def containers(self) -> list[dict]:
        """All containers, also those that have exited: ImageID, Image."""
        with self._errors("listing its containers"):
            return self._api.containers(all=True)

    def image(self, reference: str) -> dict | None:
        """One image in full, by any form of reference or ID, or None."""
        return self._optional(lambda: self._api.inspect_image(reference), f"inspecting the image {reference}")

    def container(self, name: str) -> dict | None:
        """One container in full, or None."""
        return self._optional(lambda: self._api.inspect_container(name), f"inspecting the container {name}")

    def pull(self, reference: str, platform: str | None = None):
        """Pulls an image by the engine itself. Returns when it is complete."""
        with self._writing(f"pulling {reference}"):
            for event in self._api.pull(reference, stream=True, decode=True, platform=platform):
                if "error" in event:
                    raise EngineError(f"{self.name}: pulling {reference} failed: {event['error']}")

    def tag(self, image: str, repository: str, tag: str):
        """Tags an existing image."""
        with self._writing(f"tagging {image} as {repository}:{tag}"):
            self._api.tag(image, repository, tag)

    def build(self, archive: Iterable[bytes], **options) -> Iterator[dict]:
        """Sends the tar ``archive`` and yields the builder's events: stream, aux, or error.

        ``options`` are those of the SDK's build: dockerfile, tag, buildargs, labels, target, platform.
        """
        with self._writing("building"):
            yield from self._api.build(fileobj=iter(archive), custom_context=True, decode=True, rm=True, forcerm=True, **options)

    def untag(self, reference: str):
        """Removes a tag, and the image with its last tag if no container uses it."""
        WRITES.before_write()
        self._optional(lambda: self._api.remove_image(reference), f"removing {reference}")

    def save(self, reference: str) -> Iterator[bytes]:
        """The archive of an image as ``docker save`` writes it, in pieces."""
        with self._errors(f"reading the image {reference}"):
            response = self._api.get(self._url(f"/images/{quote(reference, safe='/:')}/get"), stream=True, timeout=ARCHIVE_TIMEOUTS)
            self._require_success(response, f"reading the image {reference}")
            yield from response.iter_content(PIECE)

    def load(self, archive: Iterable[bytes]):
        """Sends an archive as ``docker load`` does. Returns when the engine accepted all of it, else raises EngineError."""
        with self._writing("loading"):
            response = self._api.post(self._url("/images/load"), data=iter(archive), params={"quiet": "1"}, stream=True, timeout=ARCHIVE_TIMEOUTS)
            self._require_success(response, "loading")
            for line in filter(None, response.iter_lines()):
                event = json.loads(line)
                if "error" in event:
                    raise EngineError(f"{self.name} refused loading: {event['error'].strip()}")

    def _writing(self, doing: str) -> AbstractContextManager:
        """As _errors, for what changes the engine's images."""
        WRITES.before_write()
        return self._errors(doing)

    def _errors(self, doing: str) -> AbstractContextManager:
        return engine_errors(self.name, doing)

    def _optional(self, call: Callable[[], dict | None], doing: str) -> dict | None:
        """The result of a call, None where the engine has no such object."""
        try:
            with self._errors(doing):
                return call()
        except EngineError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def _url(self, path: str) -> str:
        """For the two calls that need other timeouts than the SDK's."""
        return f"{self._api.base_url}/v{self._api.api_version}{path}"

    def _require_success(self, response, doing: str):
        if response.status_code < 400:
            return
        try:
            reason = response.json()["message"]
        except (ValueError, KeyError, TypeError):
            reason = response.reason
        raise EngineError(f"{self.name} refused {doing}: {reason}", response.status_code)
