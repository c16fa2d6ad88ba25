# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of app_drift as checked data: each part is what the module for it takes, with that module's defaults and checks."""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.runbook.minikube.plugins.module_utils.drift.look import Expectation
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.health.options import ARGUMENT_SPEC as HEALTH
from ansible_collections.runbook.minikube.plugins.module_utils.image.options import ARGUMENT_SPEC as IMAGE
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.options import ARGUMENT_SPEC as ROLLOUT


def expectation_of(params: dict, secrets: dict) -> Expectation:
    """What the options expect; ``secrets``: the checked sources. Raises RunbookError naming the option that is wrong."""
    return Expectation(
        namespace=params["namespace"],
        node_address=params["node_address"],
        images=_checked("images", params["images"], IMAGE) if params["images"] else None,
        secrets=secrets,
        objects=params["objects"],
        field_manager=params["field_manager"],
        force_conflicts=params["force_conflicts"],
        rollouts=[_checked(f"rollouts[{index}]", options, ROLLOUT) for index, options in enumerate(params["rollouts"])],
        releases=params["releases"],
        checks=_checked("checks", {"checks": params["checks"], "node_address": params["node_address"]}, HEALTH)["checks"],
    )


def _checked(option: str, given: dict, spec: dict) -> dict:
    result = ArgumentSpecValidator(spec).validate(given)
    if result.error_messages:
        raise RunbookError(f"{option}: {'; '.join(result.error_messages)}")
    return result.validated_parameters
