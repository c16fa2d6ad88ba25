# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of app_drift_info as a typed object: each component has the options of its own module, with that module's defaults and checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..clients.cluster.field_managers import DEPLOY
from ..errors import RunbookError
from ..health.options import ARGUMENT_SPEC as HEALTH
from ..health.options import HealthCheck, HealthOptions
from ..image.options import ARGUMENT_SPEC as IMAGE
from ..image.options import ImageOptions
from ..rollout.options import ARGUMENT_SPEC as ROLLOUT
from ..rollout.options import RolloutOptions
from ..secret_sources import Ref, Source
from ..secrets.options import SECRETS, checked_sources
from ..target.options import ALLOWED

RELEASE = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "values": {"type": "dict", "default": {}},
}
ARGUMENT_SPEC = {
    "context": {"type": "str", "required": True},
    **ALLOWED,
    "namespace": {"type": "str", "default": "default"},
    "node_address": {"type": "str", "default": ""},
    "images": {"type": "dict", "default": {}},
    "secrets": {**SECRETS, "default": []},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "field_manager": {"type": "str", "default": DEPLOY},
    "force_conflicts": {"type": "bool", "default": False},
    "rollouts": {"type": "list", "elements": "dict", "default": []},
    "releases": {"type": "list", "elements": "dict", "default": [], "options": RELEASE},
    "checks": {"type": "list", "elements": "dict", "default": []},
}
Options = TypeVar("Options")


@dataclass(frozen=True)
class ReleaseOptions:
    """An expected Helm release, with all of its values."""

    name: str
    namespace: str
    values: dict = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class DriftOptions:
    """The expected state of each component, as the options of the module that would establish it."""

    namespace: str
    node_address: str = ""
    images: ImageOptions | None = None
    secrets: dict[Ref, Source] = field(default_factory=dict)
    objects: list[dict] = field(default_factory=list, repr=False)
    field_manager: str = DEPLOY
    force_conflicts: bool = False
    rollouts: tuple[RolloutOptions, ...] = ()
    releases: tuple[ReleaseOptions, ...] = ()
    checks: tuple[HealthCheck, ...] = ()

    @classmethod
    def of(cls, params: dict) -> DriftOptions:
        """Raises RunbookError with the name of the invalid option."""
        health = {"checks": params["checks"], "node_address": params["node_address"]}
        return cls(
            namespace=params["namespace"],
            node_address=params["node_address"],
            images=_nested("images", params["images"], IMAGE, ImageOptions.of) if params["images"] else None,
            secrets=checked_sources(params["secrets"]),
            objects=params["objects"],
            field_manager=params["field_manager"],
            force_conflicts=params["force_conflicts"],
            rollouts=tuple(_nested(f"rollouts[{index}]", entry, ROLLOUT, RolloutOptions.of) for index, entry in enumerate(params["rollouts"])),
            releases=tuple(ReleaseOptions(**release) for release in params["releases"]),
            checks=_nested("checks", health, HEALTH, HealthOptions.of).checks,
        )


def _nested(option: str, params: dict, spec: dict, build: Callable[[dict], Options]) -> Options:
    """The typed options of another module. Raises RunbookError that begins with the name of the option here."""
    result = ArgumentSpecValidator(spec).validate(params)
    if result.error_messages:
        raise RunbookError(f"{option}: {'; '.join(result.error_messages)}")
    try:
        return build(result.validated_parameters)
    except RunbookError as error:
        raise RunbookError(f"{option}: {error}", **error.facts) from error
