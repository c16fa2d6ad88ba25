# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option with which a module that takes long reports its progress."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules share."""

    DOCUMENTATION = r"""
options:
  progress:
    description:
      - An existing file on the host where the module runs. Lines are appended to it while the module runs.
      - If the module runs on the controller, its action plugin sets the file and shows its lines.
    type: path
"""
