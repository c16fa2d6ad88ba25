# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of auth_rotation. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from ..server_secrets import WORKLOAD
from .stages import WRITTEN_STEPS

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "secret": {"type": "str", "required": True, "no_log": False},
    "key": {"type": "str", "required": True, "no_log": False},
    "versions_key": {"type": "str", "required": True, "no_log": False},
    "previous_secret_key": {"type": "str", "required": True, "no_log": False},
    "auth_servers": {"type": "list", "elements": "dict", "required": True, "options": WORKLOAD},
    "copies": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "secret": {"type": "str", "required": True, "no_log": False},
            "key": {"type": "str", "required": True, "no_log": False},
            "versions_key": {"type": "str", "no_log": False},
        },
    },
    "step": {"type": "str", "choices": list(WRITTEN_STEPS)},
    "new_secret": {"type": "str", "no_log": True},
    "versioned": {"type": "bool"},
    "accept_interruption": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class CopyOptions:
    """A copy of the secret in another Secret. ``versions_key``: for BETTER_AUTH_SECRETS, None where its workloads take one secret at a time."""

    secret: str
    key: str
    versions_key: str | None = None


@dataclass(frozen=True)
class RotationOptions:
    """The Secret and its keys, the workloads that sign, and the user's choices.

    ``key`` is for BETTER_AUTH_SECRET, ``versions_key`` for BETTER_AUTH_SECRETS, ``previous_secret_key`` for the old secret of an unversioned
    rotation. ``copies``: other Secrets with the same secret. ``new_secret``: None to generate one. ``versioned``: None to detect it.
    ``step``: None to report only.
    """

    namespace: str
    secret: str
    key: str
    versions_key: str
    previous_secret_key: str
    auth_servers: list[dict]
    step: str | None = None
    new_secret: str | None = field(default=None, repr=False)
    versioned: bool | None = None
    accept_interruption: bool = False
    copies: tuple[CopyOptions, ...] = ()

    @classmethod
    def of(cls, params: dict) -> RotationOptions:
        """The options of a module."""
        copies = tuple(CopyOptions(**copy) for copy in params["copies"])
        return cls(**{**{one.name: params[one.name] for one in fields(cls)}, "copies": copies})


def with_versions_keys(copies: list[dict], verifiers: list[dict]) -> list[dict]:
    """Copies of the secret (``secret``, ``key``) with the ``versions_key`` of the verifiers that take it from the same Secret."""
    keys = {one["secret"]: one["versions_key"] for one in verifiers}
    return [{**copy, **({"versions_key": keys[copy["secret"]]} if copy["secret"] in keys else {})} for copy in copies]
