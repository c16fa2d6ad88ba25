# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option that names the locations of a value, as a typed object, and as it may be printed."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from ...masking import HIDDEN

LOCATION = {
    "secret": {"type": "str", "no_log": False},
    "config_map": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "check_consumers": {"type": "bool", "default": False},
    "workload": {"type": "str"},
    "container": {"type": "str"},
    "env": {"type": "str"},
    "file": {"type": "path"},
    "value": {"type": "str"},  # no no_log: Ansible would mask every word that equals it, names too
    "namespace": {"type": "str"},
}
ONE_OF = ["secret", "config_map", "workload", "file", "value"]
LOCATION_RULES = {
    "mutually_exclusive": [ONE_OF],
    "required_one_of": [ONE_OF],
    "required_by": {"secret": ["key"], "config_map": ["key"], "workload": ["env"], "container": ["workload"], "env": ["workload"]},
}


@dataclass(frozen=True)
class Location:
    """One entry of the option. Without a ``namespace`` it is in the module's.

    ``required``: whether a missing value is a difference; ``check_former``: whether former values of the Secret are recognised.
    """

    secret: str | None = None
    config_map: str | None = None
    key: str = field(default="", repr=False)
    check_consumers: bool = False
    workload: str | None = None
    container: str | None = None
    env: str = ""
    file: str | None = None
    value: str | None = field(default=None, repr=False)
    namespace: str = ""
    required: bool = True
    check_former: bool = False

    @classmethod
    def of(cls, entry: dict) -> Location:
        """An entry that was checked by LOCATION and LOCATION_RULES."""
        return cls(**{known.name: entry[known.name] for known in fields(cls) if entry.get(known.name) is not None})

    @property
    def needs_cluster(self) -> bool:
        """Whether the value is read from the cluster."""
        return not (self.file or self.value is not None)

    @property
    def object(self) -> tuple[str, str] | None:
        """Kind and name of the Secret or ConfigMap, None where it is neither."""
        if self.secret:
            return "Secret", self.secret
        return ("ConfigMap", self.config_map) if self.config_map else None


def redact_values(locations):
    """The option as it may be printed, one entry or several, also where it is malformed."""
    if isinstance(locations, list):
        return [redact_values(location) for location in locations]
    if not isinstance(locations, dict):
        return HIDDEN if locations else locations
    return {key: HIDDEN if key == "value" and value is not None else value for key, value in locations.items()}
