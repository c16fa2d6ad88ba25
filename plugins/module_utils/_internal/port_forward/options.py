# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of port_forward and port_forward_info."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass

from ..errors import RunbookError

PRESENT, ABSENT, RESTARTED = "present", "absent", "restarted"
DEFAULT_DIR = "~/.local/state/runbook.minikube-forwards"
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
MAX_PORT = 65535
# Options of the connection that are paths: the supervisor does not run in the module's working directory.
PATHS = ("ca_cert", "client_cert", "client_key")
CREDENTIALS = ("api_key", "username", "password", "proxy_headers")
SUPERVISOR_SPEC = {"state_dir": {"type": "path", "default": DEFAULT_DIR}}
ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": [PRESENT, ABSENT, RESTARTED], "default": PRESENT},
    "namespace": {"type": "str", "default": "default"},
    "forwards": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "service": {"type": "str", "required": True},
            "port": {"type": "raw"},
            "local_port": {"type": "int"},
            "path": {"type": "str", "default": ""},
            "status": {"type": "int"},
        },
    },
    "label_selector": {"type": "str", "default": ""},
    "address": {"type": "str", "default": "127.0.0.1"},
    "timeout": {"type": "int", "default": 60},
    **SUPERVISOR_SPEC,
}
INFO_SPEC = {"name": {"type": "str", "default": ""}, "log_lines": {"type": "int", "default": 20}, **SUPERVISOR_SPEC}


@dataclass(frozen=True)
class Request:
    """One member of the option ``forwards``. ``port``: a number or a name, "" for the only or first one; ``local_port``: None for the same."""

    service: str
    port: str
    local_port: int | None
    path: str
    status: int


@dataclass(frozen=True)
class PortForwardOptions:
    """The requested state of the supervisor ``name``. ``connection``: the options of the connection that are set, with credentials."""

    name: str
    state: str
    namespace: str
    requests: tuple[Request, ...]
    label_selector: str
    address: str
    timeout: int
    state_dir: str
    connection: dict

    @classmethod
    def of(cls, params: dict, connection_names) -> PortForwardOptions:
        """From validated parameters. Raises RunbookError, which names the option."""
        require_name(params["name"])
        _require_address(params["address"])
        if params["timeout"] < 1:
            raise RunbookError(f"timeout: {params['timeout']} is not a number of seconds from 1.")
        if params["state"] != ABSENT and not params["forwards"] and not params["label_selector"]:
            raise RunbookError("forwards: nothing to forward. Name a Service in forwards, or several by label_selector.")
        requests = tuple(_request(number, one) for number, one in enumerate(params["forwards"]))
        names = ("name", "state", "namespace", "label_selector", "address", "timeout")
        values = {name: params[name] for name in names}
        return cls(**values, requests=requests, state_dir=absolute(params["state_dir"]), connection=_connection(params, connection_names))

    @property
    def target(self) -> dict:
        """The cluster, as it may be stored: without credentials."""
        kubeconfig = self.connection.get("kubeconfig")
        stored = kubeconfig if isinstance(kubeconfig, str) and "\n" not in kubeconfig else "(content)" if kubeconfig else ""
        return {"context": self.connection.get("context") or "", "kubeconfig": stored, "host": self.connection.get("host") or ""}

    @property
    def has_credentials(self) -> bool:
        """Whether the options themselves contain credentials, and not only the path of a file that does."""
        has_password = "@" in (self.connection.get("proxy") or "")
        return self.target["kubeconfig"] == "(content)" or has_password or any(self.connection.get(name) for name in CREDENTIALS)


@dataclass(frozen=True)
class InfoOptions:
    """Which supervisors to report; ``name`` "" for all."""

    name: str
    log_lines: int
    state_dir: str

    @classmethod
    def of(cls, params: dict) -> InfoOptions:
        """From validated parameters. Raises RunbookError, which names the option."""
        if params["name"]:
            require_name(params["name"])
        if params["log_lines"] < 0:
            raise RunbookError(f"log_lines: {params['log_lines']} is not a number of lines from 0.")
        return cls(params["name"], params["log_lines"], absolute(params["state_dir"]))


def require_name(name: str) -> None:
    """Raises RunbookError for a name that is no DNS label: it becomes a folder's."""
    if not NAME.fullmatch(name):
        raise RunbookError(f"name: {name!r} can't be used. Use lower-case letters, digits and '-', at most 63, with a letter or digit at both ends.")


def absolute(path: str) -> str:
    """An absolute path, with the user's home for ~."""
    return os.path.abspath(os.path.expanduser(path))


def _require_address(address: str) -> None:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise RunbookError(
            f"address: {address!r} is no IP address. Use 127.0.0.1 or ::1 for this host alone, 0.0.0.0 or :: for everyone who reaches this host."
        ) from None


def _request(number: int, given: dict) -> Request:
    where = f"forwards[{number}]"
    port = "" if given["port"] is None else str(given["port"])
    if port.lstrip("-").isdigit() and not 1 <= int(port) <= MAX_PORT:
        raise RunbookError(f"{where}.port: {port} is no port. Use a number from 1 to {MAX_PORT}, or the name of one of the Service's ports.")
    local = given["local_port"]
    if local is not None and not 0 <= local <= MAX_PORT:
        raise RunbookError(f"{where}.local_port: {local} is no port. Use a number from 1 to {MAX_PORT}, or 0 for a free one.")
    if given["path"] and not given["path"].startswith("/"):
        raise RunbookError(f"{where}.path: {given['path']!r} must start with '/', for example /health.")
    status = given["status"] or 0
    if status and (not given["path"] or not 100 <= status <= 599):
        raise RunbookError(f"{where}.status: {status} needs to be an HTTP status from 100 to 599, and a path.")
    return Request(given["service"], port, local, given["path"], status)


def _connection(params: dict, names) -> dict:
    """The options of the connection that are set, with absolute paths."""
    given = {name: params[name] for name in names if params.get(name) is not None}
    paths = {name: absolute(given[name]) for name in PATHS if given.get(name)}
    kubeconfig = given.get("kubeconfig")
    if isinstance(kubeconfig, str) and kubeconfig and "\n" not in kubeconfig:
        paths["kubeconfig"] = ":".join(absolute(one) for one in kubeconfig.split(":") if one)
    return {**given, **paths}
