# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attributes of modules: check mode, diff mode and idempotence."""

from __future__ import annotations


def _attributes(diff_mode: str) -> str:
    return f"""
options: {{}}
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
  diff_mode:
    description: Returns details on what has changed, or would change in check mode.
    {diff_mode}
  idempotent:
    description: A second run changes nothing.
    support: full
"""


class ModuleDocFragment:
    """All of them are fully supported, but for the diff of a module that only reads. A module describes its own diff, and adds details."""

    DOCUMENTATION = _attributes("support: full")
    READ_ONLY = _attributes("support: none\n    details: The module changes nothing.")
