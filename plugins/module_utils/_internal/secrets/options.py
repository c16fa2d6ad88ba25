# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of app_secrets, secret_compare and secret_copy as typed objects, and the Secrets of an application as they may be printed.

Ansible's own ``no_log`` would mask every word of an option, names and playbooks too, wherever it occurs in the result. So only the
values are masked, and what is printed keeps the kind of each source.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..clients.secret_refs.options import Location
from ..errors import RunbookError
from ..masking import HIDDEN
from ..secret_sources import Ref, Source, problems_of, sources_of

SECRETS = {
    "type": "list",
    "elements": "dict",
    "no_log": False,
    "options": {"name": {"type": "str", "required": True}, "data": {"type": "dict", "required": True}},
}
PRINTED = ("generate", "copy", "rotated_by")


@dataclass(frozen=True)
class SecretsOptions:
    """The options of app_secrets. ``labels`` are those of new Secrets."""

    namespace: str
    sources: dict[Ref, Source]
    labels: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, params: dict) -> SecretsOptions:
        """Raises RunbookError with everything that is wrong with the sources."""
        return cls(params["namespace"], checked_sources(params["secrets"]), params["labels"])


@dataclass(frozen=True)
class CompareOptions:
    """The options of secret_compare."""

    namespace: str
    locations: list[Location]

    @classmethod
    def of(cls, params: dict) -> CompareOptions:
        """The checked options."""
        return cls(params["namespace"], [Location.of(entry) for entry in params["locations"]])

    @property
    def needs_cluster(self) -> bool:
        """Whether any value is read from the cluster."""
        return any(location.needs_cluster for location in self.locations)

    @property
    def former_keys(self) -> list[tuple[str, str, str]]:
        """The keys whose former values are recognised: namespace, Secret and key."""
        return [(one.namespace or self.namespace, one.secret, one.key) for one in self.locations if one.secret and one.check_former]

    @property
    def not_required(self) -> set[int]:
        """The entries of ``locations`` where the value may be missing."""
        return {index for index, location in enumerate(self.locations) if not location.required}


@dataclass(frozen=True)
class CopyOptions:
    """The options of secret_copy. ``destinations``: keys of Secrets by namespace."""

    namespace: str
    source: Location
    destinations: dict[str, list[Ref]]
    create: bool = False
    check_consumers: bool = True

    @classmethod
    def of(cls, params: dict) -> CopyOptions:
        """The checked options."""
        destinations: dict[str, list[Ref]] = {}
        for entry in params["destinations"]:
            refs = destinations.setdefault(entry.get("namespace") or params["namespace"], [])
            ref = Ref(entry["secret"], entry["key"])
            if ref not in refs:
                refs.append(ref)
        return cls(params["namespace"], Location.of(params["source"]), destinations, params["create"], params["check_consumers"])


def checked_sources(secrets: list[dict]) -> dict[Ref, Source]:
    """The sources of the option ``secrets``. Raises RunbookError with everything that is wrong with them."""
    problems = [f"{path}: {problem}" for path, problem in problems_of(secrets, "secrets")]
    if problems:
        raise RunbookError("The option secrets is invalid. " + "; ".join(problems), problems=problems)
    return sources_of(secrets)


def redact_secrets(secrets):
    """The option ``secrets`` as it may be printed, also where it is malformed."""
    if not isinstance(secrets, list):
        return HIDDEN if secrets else secrets
    return [_redact_secret(secret) for secret in secrets]


def _redact_secret(secret):
    if not isinstance(secret, dict):
        return HIDDEN
    data = secret.get("data")
    sources = {key: _redact_source(source) for key, source in data.items()} if isinstance(data, dict) else HIDDEN
    return {"name": secret.get("name"), "data": sources}


def _redact_source(source):
    if not isinstance(source, dict):
        return HIDDEN
    return {key: content if key in PRINTED and not isinstance(content, (dict, list)) else HIDDEN for key, content in source.items()}
