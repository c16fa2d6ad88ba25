# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options by which modules decide whether a cluster may be changed."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules share."""

    DOCUMENTATION = r"""
options:
  allowed_contexts:
    description: Names of contexts that are allowed although they are not Minikube profiles.
    type: list
    elements: str
    default: []
  minikube_homes:
    description:
      - Folders to search for Minikube profiles, as in E(MINIKUBE_HOME).
      - By default that variable or the home directory.
    type: list
    elements: path
    default: []
"""
