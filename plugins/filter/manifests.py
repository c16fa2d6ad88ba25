# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters runbook.minikube.manifests and runbook.minikube.with_images."""

from __future__ import annotations

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.manifests import checked
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.manifests import with_images as replace_images


def manifests(texts: dict, namespace: str) -> list[dict]:
    """File name to text becomes the list of objects to apply."""
    try:
        return checked({file: _parsed(file, text) for file, text in texts.items()}, namespace)
    except RunbookError as error:
        raise AnsibleFilterError(str(error)) from error


def with_images(objects: list[dict], images: dict) -> list[dict]:
    """Objects with final image references."""
    return replace_images(objects, images)


def _parsed(file: str, text) -> list:
    if not isinstance(text, str):  # a template whose result is JSON arrives as data
        return [text]
    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise RunbookError(f"{file} is not valid YAML: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self):
        return {"manifests": manifests, "with_images": with_images}
