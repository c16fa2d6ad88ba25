# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all modules have in common that only look."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of a module that changes nothing."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
  diff_mode:
    description: Reports what would change.
    support: none
    details: Nothing changes.
  idempotent:
    description: A second run changes nothing.
    support: full
"""
