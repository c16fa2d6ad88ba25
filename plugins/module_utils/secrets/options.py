# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option in which modules take the description of Secrets. What of it may be printed is in the module's ``shown``."""

from __future__ import annotations

SECRETS = {
    "type": "list",
    "elements": "dict",
    "no_log": False,
    "options": {"name": {"type": "str", "required": True}, "data": {"type": "dict", "required": True}},
}
