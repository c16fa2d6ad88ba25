# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of modules that apply objects, or predict the apply."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules share."""

    DOCUMENTATION = r"""
options:
  objects:
    description: The objects in the order in which they are applied, each with its namespace.
    type: list
    elements: dict
    required: true
  field_manager:
    description: The field manager that owns the applied fields.
    type: str
    required: true
  force_conflicts:
    description: Whether the apply takes over fields that another manager owns. Otherwise it fails at such a conflict.
    type: bool
    default: false
"""
