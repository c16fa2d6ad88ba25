# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module minikube_profile in the process of its task, where it would run on this host anyway, and shows its progress."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.modules import minikube_profile
from ansible_collections.runbook.minikube.plugins.plugin_utils.progress import ProgressAction


class ActionModule(ProgressAction):
    """See the module's documentation."""

    MODULE = minikube_profile
