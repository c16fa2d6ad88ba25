# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a deploy did, or in check mode would do, as one list: from the results of its tasks. Pure."""

from __future__ import annotations

ASKED = "asked"  # not a step: what manifests_info said before the manifests were applied
STEPS = ("namespace", "dapr", "images", "secrets", "manifests", "rollout")
IMAGE_WORDS = {"built": "build", "tagged": "tag"}
PENDING = ("create", "change")
SECRET_WORDS = {"created": "create", "updated": "change"}


def actions_of(results: dict[str, dict]) -> list[dict[str, str]]:
    """{what, kind, name} of each action, in the order of the steps. A step that was left out has no result, or a skipped one."""
    asked = (results.get(ASKED) or {}).get("objects") or []
    rolling = {(entry["kind"], entry["name"]) for entry in asked if entry["rolls"]}
    readers = {
        "namespace": _namespace, "dapr": _release, "images": _images, "secrets": _secrets, "manifests": _objects,
        "rollout": lambda result: _rollouts(result, rolling),
    }  # fmt: skip
    actions = []
    for step in STEPS:
        result = results.get(step) or {}
        if result.get("skipped") and step == "manifests":
            # Left out although something is pending: in check mode, in a namespace that is not there yet.
            result = {"objects": asked}
        if not result.get("skipped"):
            actions += [{"what": what, "kind": kind, "name": name} for what, kind, name in readers[step](result)]
    return actions


def _objects(result: dict):
    """The modules manifests and manifests_info."""
    for entry in result.get("objects") or []:
        if entry["action"] in PENDING:
            yield entry["action"], entry["kind"], entry["name"]


def _namespace(result: dict):
    """kubernetes.core.k8s with a Namespace, which is asked for by its name alone: it is made, or left."""
    if result.get("changed"):
        yield "create", "Namespace", result["result"]["metadata"]["name"]


def _release(result: dict):
    """kubernetes.core.helm."""
    if result.get("changed"):
        yield "install", "Release", (result.get("status") or {}).get("name") or "dapr"


def _images(result: dict):
    for image in result.get("images") or []:
        if image["action"] in IMAGE_WORDS:
            yield IMAGE_WORDS[image["action"]], "Image", image["reference"] or image["name"]


def _secrets(result: dict):
    for secret in result.get("secrets") or []:
        if secret["action"] in SECRET_WORDS:
            yield SECRET_WORDS[secret["action"]], "Secret", secret["name"]


def _rollouts(result: dict, rolling: set[tuple]):
    """The changes of the module rollout, without its waits. In check mode it does not know what the apply would have rolled anyway."""
    for change in result.get("changes") or []:
        if change["what"] != "restart" or (change["kind"], change["name"]) not in rolling:
            yield change["what"], change["kind"], change["name"]
