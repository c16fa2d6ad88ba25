# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module rollout_history_info in the process of its task, where it would run on this host anyway."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.modules import rollout_history_info
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    """See the module's documentation."""

    MODULE = rollout_history_info
