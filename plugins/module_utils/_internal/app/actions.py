# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The actions of a deploy, or in check mode the predicted ones, as one list from the results of its tasks. Pure."""

from __future__ import annotations

from ..errors import NOTHING_CHANGED
from .schema import FORWARD

FORWARD_COMMAND = "ansible-playbook runbook.minikube.port_forward"
ADDRESS = "address"  # the health check of the address for users
DRY_RUN = "dry_run"  # not a step: the result of manifests_info before the manifests were applied
STEPS = ("namespace", "dapr", "images", "secrets", "manifests", "rollout")
IMAGE_ACTIONS = {"built": "build", "tagged": "tag"}
PENDING = ("create", "change")
PARTICIPLES = {"create": "created", "build": "built", "tag": "tagged", "change": "changed", "install": "installed", "restart": "restarted", "delete": "deleted"}
SECRET_ACTIONS = {"created": "create", "updated": "change"}


def actions_of(results: dict[str, dict]) -> list[dict[str, str]]:
    """{what, kind, name} of each action, in the order of the steps. A step that did not run has no result, or a skipped one."""
    predicted = (results.get(DRY_RUN) or {}).get("objects") or []
    rolling = {(entry["kind"], entry["name"]) for entry in predicted if entry["rolling_update"]}
    extract = {
        "namespace": _namespace, "dapr": _release, "images": _images, "secrets": _secrets, "manifests": _objects,
        "rollout": lambda result: _rollouts(result, rolling),
    }  # fmt: skip
    actions = []
    for step in STEPS:
        result = results.get(step) or {}
        if result.get("skipped") and step == "manifests":
            # Skipped although objects are pending: check mode, and a namespace that does not exist yet.
            result = {"objects": predicted}
        if not result.get("skipped"):
            actions += [{"what": what, "kind": kind, "name": name} for what, kind, name in extract[step](result)]
    return actions


def _objects(result: dict):
    """The modules manifests and manifests_info."""
    for entry in result.get("objects") or []:
        if entry["action"] in PENDING:
            yield entry["action"], entry["kind"], entry["name"]


def _namespace(result: dict):
    """kubernetes.core.k8s with a Namespace, of which only the name is given: it is created, or unchanged."""
    if result.get("changed"):
        yield "create", "Namespace", result["result"]["metadata"]["name"]


def _release(result: dict):
    """kubernetes.core.helm."""
    if result.get("changed"):
        yield "install", "Release", (result.get("status") or {}).get("name") or "dapr"


def _images(result: dict):
    for image in result.get("images") or []:
        if image["action"] in IMAGE_ACTIONS:
            yield IMAGE_ACTIONS[image["action"]], "Image", image["reference"] or image["name"]


def _secrets(result: dict):
    for secret in result.get("secrets") or []:
        if secret["action"] in SECRET_ACTIONS:
            yield SECRET_ACTIONS[secret["action"]], "Secret", secret["name"]


def _rollouts(result: dict, rolling: set[tuple]):
    """The changes of the module rollout. In check mode, it does not know which pods the apply would have replaced anyway."""
    for change in result.get("changes") or []:
        if change["what"] != "restart" or (change["kind"], change["name"]) not in rolling:
            yield change["what"], change["kind"], change["name"]


def deploy_summary(actions: list[dict[str, str]], app: str, checks: list[dict], check_mode: bool, is_forwarded: bool = False) -> list[str]:
    """What a deploy did, and the application's address, which is the health check of that name, if it was checked.

    ``is_forwarded``: whether the deploy has started the forward that the address needs with via: forward.
    """
    none = "Nothing would be changed." if check_mode else NOTHING_CHANGED
    address = next((check for check in checks if check["name"] == ADDRESS), None)
    summary = _action_lines(actions, check_mode) or [none]
    return [*summary, _address_text(app, address, is_forwarded)] if address else summary


def _action_lines(actions: list[dict[str, str]], check_mode: bool) -> list[str]:
    """A line for each action, as kubectl words them, and those that do the same one after the other."""
    operations = dict.fromkeys(action["what"] for action in actions)
    grouped = [action for operation in operations for action in actions if action["what"] == operation]
    auxiliary = "would be " if check_mode else ""
    return [f"{action['kind']} {action['name']} {auxiliary}{PARTICIPLES[action['what']]}" for action in grouped]


def _address_text(app: str, address: dict, is_forwarded: bool) -> str:
    if address.get("via") == FORWARD and not is_forwarded:
        return f"{app} is deployed. To reach it, run {FORWARD_COMMAND} with the same variables. Then open {address['url']}"
    return f"{app} is deployed. Open {address['url']}"
