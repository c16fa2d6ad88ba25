# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the module rollout, which app_drift takes too."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Options

WORKLOAD = {
    "kind": {"type": "str", "required": True, "choices": ["Deployment", "StatefulSet", "DaemonSet"]},
    "name": {"type": "str", "required": True},
    "dapr": {"type": "bool"},
    "images": {"type": "dict"},
    "env": {"type": "dict"},
    "replicas": {"type": "int"},
}

ARGUMENT_SPEC = {
    "workloads": {"type": "list", "elements": "dict", "required": True, "options": WORKLOAD},
    "namespace": {"type": "str", "default": "default"},
    "state": {"type": "str", "choices": ["complete", "undone"], "default": "complete"},
    "to_revision": {"type": "int", "default": 0},
    "history": {"type": "bool", "default": False},
    "change_cause": {"type": "str", "default": ""},
    "force_conflicts": {"type": "bool", "default": False},
    "rollback_on_failure": {"type": "bool", "default": False},
    "restart": {"type": "str", "choices": ["never", "always", "if_stale"], "default": "never"},
    "secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},  # names, no values
    "image_ids": {"type": "dict", "default": {}},
    "timeout": {"type": "int", "default": 300},
    "log_lines": {"type": "int", "default": 20},
    **{name: {"type": "int", "default": default} for name, default in vars(Options()).items()},
}
