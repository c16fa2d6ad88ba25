# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters runbook.minikube.manifests, with_images, applied and refused of the role rollout."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.apply_report import changes, refusals
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.manifests import validated
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.manifests import with_images as replace_images
from ansible_collections.runbook.minikube.plugins.plugin_utils.documents import read_documents


def manifests(files: list[str], plain: list[str], rendered: list, namespace: str) -> list[dict]:
    """The objects to apply. ``plain``: the texts of the files that are not templates, in order; ``rendered``: those of the others."""
    texts = {False: iter(plain), True: iter(rendered)}
    try:
        return validated({file: _parsed(file, next(texts[file.endswith(".j2")])) for file in files}, namespace)
    except RunbookError as error:
        raise AnsibleFilterError(str(error)) from None


def with_images(objects: list[dict], images: dict) -> list[dict]:
    """Objects with final image references."""
    try:
        return replace_images(objects, images)
    except RunbookError as error:
        raise AnsibleFilterError(str(error)) from None


def applied(result: dict) -> list[str]:
    """The changed objects, one per line."""
    return changes(result)


def refused(result: dict, failed: dict) -> str:
    """The refused objects with the reasons; "" for none."""
    return "\n".join(refusals(result, failed))


def _parsed(file: str, text) -> list:
    return read_documents(file, text) if isinstance(text, str) else [text]  # a template that renders to JSON arrives as data


class FilterModule:
    """The filters of this file."""

    def filters(self):
        return {"manifests": manifests, "with_images": with_images, "applied": applied, "refused": refused}
