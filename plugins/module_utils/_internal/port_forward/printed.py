# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A forward's status as modules return it. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..workloads.logs import printable
from .model import Status


def printed(status: Status) -> dict:
    """A status as a module returns it."""
    forward = status.forward
    local = replace(forward, address=forward.client_address).local if forward.local_port else ""
    url = f"http://{local}{forward.path}" if local and forward.path else ""
    return {**status.to_dict(), "local": local, "url": url, "problem": printable(status.problem)}
