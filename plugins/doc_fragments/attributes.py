# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attributes of modules: check mode, diff mode and idempotence."""

from __future__ import annotations


class ModuleDocFragment:
    """All are fully supported, except for the diff of a module that only reads. A module may describe its own diff and add details."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
  diff_mode:
    description: Returns details on what has changed, or would change in check mode.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
"""
    READ_ONLY = r"""
options: {}
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
  diff_mode:
    description: Returns details on what has changed, or would change in check mode.
    support: none
    details: The module changes nothing.
  idempotent:
    description: A second run changes nothing.
    support: full
"""
