# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An API server on a local port that accepts server-side applies of ConfigMaps and Secrets, and parses their bodies like the real one."""

from __future__ import annotations

import base64
import copy
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from strict_yaml import InvalidYaml, read_yaml

APPLY = "application/apply-patch+yaml"
DISCOVERY = {
    "/version": {"major": "1", "minor": "33"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "groups": []},
}


@dataclass
class ApplyServer:
    """Stored objects by path, and all bodies that were sent. ``refuses``: path to (status, reason, message); ``warns``: path to a header."""

    port: int = 0
    stored: dict[str, dict] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    refuses: dict[str, tuple] = field(default_factory=dict)
    warns: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self.port}"

    def apply(self, path: str, query: dict, body: bytes) -> tuple[int, dict]:
        """Status and body of the response to a PATCH."""
        self.bodies.append(body)
        if path in self.refuses:
            return status(*self.refuses[path])
        try:
            obj = read_yaml(body)
        except InvalidYaml as error:
            return status(400, "BadRequest", f"error decoding YAML: {error}")
        after = self._merged(path, obj)
        if "dryRun" not in query:
            self.stored[path] = after
        return 200, after

    def _merged(self, path: str, obj: dict) -> dict:
        """The object as stored: a Secret's stringData in base64, and a new version only if the content changed."""
        obj = copy.deepcopy(obj)
        for key, value in obj.pop("stringData", {}).items():
            obj.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()
        before = self.stored.get(path, {"metadata": {"resourceVersion": "0"}})
        version = before["metadata"]["resourceVersion"]
        same = {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}
        if same == before:
            return same
        return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(int(version) + 1)}}


def status(code: int, reason: str, message: str) -> tuple[int, dict]:
    """An error response."""
    return code, {"kind": "Status", "code": code, "reason": reason, "message": message}


@contextmanager
def serving():
    """Runs an ApplyServer until the block ends."""
    state = ApplyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = urlparse(self.path).path
            found = DISCOVERY.get(path) or state.stored.get(path)
            self.answer(*((200, found) if found else status(404, "NotFound", f"{path} not found")))

        def do_PATCH(self):
            url = urlparse(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Type"].partition(";")[0] != APPLY:
                return self.answer(*status(415, "UnsupportedMediaType", self.headers["Content-Type"]))
            return self.answer(*state.apply(url.path, parse_qs(url.query), body))

        def answer(self, code: int, found: dict):
            data = json.dumps(found, ensure_ascii=False).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if urlparse(self.path).path in state.warns:
                self.send_header("Warning", state.warns[urlparse(self.path).path].encode().decode("latin-1"))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args):
            """Prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
