# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of service_endpoints_info."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RunbookError

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "services": {"type": "list", "elements": "str", "default": []},
    "probe": {"type": "bool", "default": True},
    "node_address": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 5},
}


@dataclass(frozen=True)
class EndpointsOptions:
    """``services``: empty for all of the namespace; ``probe``: whether to connect to them; ``timeout``: seconds for each response."""

    namespace: str
    services: tuple[str, ...] = ()
    probe: bool = True
    node_address: str = ""
    timeout: int = 5

    @classmethod
    def of(cls, params: dict) -> EndpointsOptions:
        """From the module's parameters. Raises RunbookError for values that are not usable."""
        if params["timeout"] < 1:
            raise RunbookError(f"timeout must be at least 1 second, got {params['timeout']}.")
        return cls(params["namespace"], tuple(dict.fromkeys(params["services"])), params["probe"], params["node_address"], params["timeout"])
