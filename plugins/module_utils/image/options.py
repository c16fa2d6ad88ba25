# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the module minikube_image, which app_drift takes too."""

from __future__ import annotations

from ansible.module_utils.basic import env_fallback

IMAGE_SPEC = {
    "name": {"type": "str", "required": True},
    "context": {"type": "path"},
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
    "keep": {"type": "int"},
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "parallel": {"type": "int", "default": 2},
    "profile": {"type": "str", "default": "minikube"},
    "minikube": {"type": "path", "default": "minikube"},
    "minikube_home": {"type": "path", "fallback": (env_fallback, ["MINIKUBE_HOME"])},
    "progress": {"type": "path"},
}
