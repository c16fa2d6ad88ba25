# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The requirements of modules that use the API of a cluster."""

from __future__ import annotations


class ModuleDocFragment:
    """Libraries and the version of Python. A module adds its own."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
"""
