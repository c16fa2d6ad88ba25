# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of http_health_info, which app_drift_info takes too."""

from __future__ import annotations

from dataclasses import dataclass

NODE_PORT, FORWARD, INGRESS, LOADBALANCER = VIA = ("nodeport", "forward", "ingress", "loadbalancer")

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "node_address": {"type": "str", "default": ""},
    "checks": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "service": {"type": "str", "required": True},
            "port": {"type": "raw"},
            "path": {"type": "str", "default": "/"},
            "status": {"type": "int", "default": 200},
            "json": {"type": "dict"},
            "via": {"type": "str", "choices": list(VIA), "default": NODE_PORT},
            "url": {"type": "str"},
        },
    },
    "timeout": {"type": "int", "default": 60},
}


@dataclass(frozen=True)
class HealthCheck:
    """A URL of a Service and its expected response. ``port``: name or number, None for the first one; ``json``: a subset of the body.

    ``via``: how users reach the Service, one of VIA; ``url``: where, if it is known.
    """

    name: str
    service: str
    port: str | int | None = None
    path: str = "/"
    status: int = 200
    json: dict | None = None
    via: str = NODE_PORT
    url: str | None = None


@dataclass(frozen=True)
class HealthOptions:
    """``timeout``: seconds until a check that is not successful has failed; 0 checks once."""

    namespace: str
    node_address: str
    checks: tuple[HealthCheck, ...]
    timeout: float = 0

    @classmethod
    def of(cls, params: dict) -> HealthOptions:
        """From validated parameters."""
        checks = tuple(HealthCheck(**check) for check in params["checks"])
        return cls(params["namespace"], params["node_address"], checks, params["timeout"])
