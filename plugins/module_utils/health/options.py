# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the module http_health, which app_drift takes too."""

from __future__ import annotations

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "node_address": {"type": "str", "required": True},
    "checks": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "service": {"type": "str", "required": True},
            "port": {"type": "raw"},
            "path": {"type": "str", "default": "/"},
            "status": {"type": "int", "default": 200},
            "json": {"type": "dict"},
        },
    },
    "timeout": {"type": "int", "default": 60},
}
