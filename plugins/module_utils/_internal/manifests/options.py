# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of manifests and manifests_info as a typed object."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..clients.cluster.client import MAX_WORKERS

ARGUMENT_SPEC = {
    "objects": {"type": "list", "elements": "dict", "required": True},
    "field_manager": {"type": "str", "required": True},
    "force_conflicts": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class ManifestsOptions:
    """The objects to apply, as which field manager. ``parallel``: dry runs at the same time."""

    objects: list[dict] = field(repr=False)
    field_manager: str
    force_conflicts: bool = False
    parallel: int = MAX_WORKERS

    @classmethod
    def of(cls, params: dict) -> ManifestsOptions:
        """The checked options."""
        return cls(params["objects"], params["field_manager"], params["force_conflicts"], params.get("parallel", MAX_WORKERS))
