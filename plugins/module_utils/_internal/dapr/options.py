# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of dapr_recovery."""

from __future__ import annotations

from dataclasses import dataclass

STARTUP_TIMEOUT = 60  # seconds in which what was just started may get ready without help


@dataclass(frozen=True)
class RecoveryOptions:
    """``app_namespaces``: namespaces of the applications, all if empty. ``components``: Dapr components that each of them needs."""

    namespace: str
    release: str = "dapr"
    app_namespaces: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    allow_new_ca: bool = False
    timeout: int = 300  # seconds for each step
    startup_timeout: int = STARTUP_TIMEOUT

    @classmethod
    def of(cls, params: dict) -> RecoveryOptions:
        """From the module's parameters."""
        return cls(
            namespace=params["namespace"], release=params["release"], app_namespaces=tuple(params["app_namespaces"] or ()),
            components=tuple(params["components"] or ()), allow_new_ca=params["allow_new_ca"], timeout=params["timeout"],
        )
