# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module of this collection shares: its connection, its check mode, and failures that read well."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

if TYPE_CHECKING:
    from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster

SHORTEST_HIDDEN = 8  # characters; hiding a shorter value would black out words of the result, and no message holds one anyway

# The Kubernetes client takes 0.15 s to import, so it is imported by those only that connect.


class Runbook:
    """What the code of every module asks for beside AnsibleModule's own ``params``, ``check_mode``, ``fail_json`` and ``exit_json``."""

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster that the connection options name. Raises RunbookError where none can be reached by them."""
        from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster

        return Cluster.connect(self.params)

    def hide(self, values: Iterable[str | bytes]) -> None:
        """Keeps values out of whatever this module prints, in clear and in base64. Ones too short to be a secret are let pass."""
        for value in values:
            raw = value.encode() if isinstance(value, str) else value
            if len(raw) >= SHORTEST_HIDDEN:
                self.no_log_values.update({raw.decode(errors="replace"), base64.b64encode(raw).decode()})

    @contextmanager
    def clear_failures(self):
        """Ends the module with the message and the facts of a RunbookError raised inside."""
        try:
            yield
        except RunbookError as error:
            self.fail_json(msg=str(error), **error.facts)


class RunbookModule(Runbook, AnsibleModule):
    """An AnsibleModule that turns a RunbookError into a failure, and opens the cluster when it is first asked for."""

    def __init__(self, argument_spec: dict, *, connects: bool = True, **settings):
        super().__init__(argument_spec=complete_spec(argument_spec, connects), supports_check_mode=True, **settings)
        self.no_log_values.update(credentials(self.params.get("kubeconfig")))


CREDENTIAL_FIELDS = ("token", "password", "client-key-data", "access-token", "refresh-token", "id-token", "client-secret")


def credentials(kubeconfig) -> set[str]:
    """The secret values of a kubeconfig that is given as a mapping, which no option's ``no_log`` covers."""
    if isinstance(kubeconfig, list):
        return {value for item in kubeconfig for value in credentials(item)}
    if not isinstance(kubeconfig, dict):
        return set()
    own = {value for key, value in kubeconfig.items() if key in CREDENTIAL_FIELDS and isinstance(value, str) and value}
    return own.union(*map(credentials, kubeconfig.values()))


def complete_spec(argument_spec: dict, connects: bool) -> dict:
    """A module's options, with kubernetes.core's for the connection where it ``connects``."""
    if not connects:
        return argument_spec
    from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import AUTH_ARG_SPEC

    return {**AUTH_ARG_SPEC, **argument_spec}
