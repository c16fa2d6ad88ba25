# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the module minikube_image, which app_drift_info takes too."""

from __future__ import annotations

from dataclasses import dataclass

from ansible.module_utils.basic import env_fallback

from ..errors import RunbookError
from ..progress import PROGRESS_SPEC
from .spec import ImageSpec, image_specs

IMAGE_SPEC = {
    "name": {"type": "str", "required": True},
    "path": {"type": "path"},
    "dockerfile": {"type": "path", "default": "Dockerfile"},
    "args": {"type": "dict", "default": {}},
    "target": {"type": "str"},
    "archive": {"type": "path"},
    "platform": {"type": "str"},
    "tag": {"type": "str"},
}
ARGUMENT_SPEC = {
    "images": {"type": "list", "elements": "dict", "required": True, "options": IMAGE_SPEC},
    "tag_strategy": {"type": "str", "choices": ["content", "fixed"], "default": "content"},
    "keep_tags": {"type": "int"},
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "parallel": {"type": "int", "default": 2},
    "profile": {"type": "str", "default": "minikube"},
    "minikube": {"type": "path", "default": "minikube"},
    "minikube_home": {"type": "path", "fallback": (env_fallback, ["MINIKUBE_HOME"])},
    **PROGRESS_SPEC,
}


@dataclass(frozen=True)
class ImageOptions:
    """The module's options but for the connection to the cluster. ``keep_tags`` None keeps all tags."""

    images: tuple[ImageSpec, ...]
    profile: str
    minikube: str
    minikube_home: str | None
    parallel: int
    keep_tags: int | None
    progress: str | None

    @classmethod
    def of(cls, params: dict) -> ImageOptions:
        """The checked options of a module's params. Raises RunbookError naming the option that is wrong."""
        _require_numbers(params["parallel"], params["keep_tags"])
        names = ("profile", "minikube", "minikube_home", "parallel", "keep_tags", "progress")
        return cls(tuple(image_specs(params["images"], params["tag_strategy"])), **{name: params[name] for name in names})


def _require_numbers(parallel: int, keep_tags: int | None):
    if parallel < 1:
        raise RunbookError(f"parallel must be 1 or more, got {parallel}: it is the number of images that are processed at the same time.")
    if keep_tags is not None and keep_tags < 1:
        raise RunbookError(f"keep_tags must be 1 or more, got {keep_tags}: the newest content tag is always kept. Omit it to keep all tags.")
