# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module of this collection shares: its connection, its check mode, what it hides, and failures that read well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.runbook.minikube.plugins.module_utils.cluster import certificate_files
from ansible_collections.runbook.minikube.plugins.module_utils.credentials import content_of, without_credentials
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import CLUSTER, lacking, missing
from ansible_collections.runbook.minikube.plugins.module_utils.masking import masked, printed_forms, taken_out

try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # ansible-core hides by no_log_values alone up to 2.21

    def register_secrets(_values):
        """There is no registry."""


if TYPE_CHECKING:
    from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster

# The Kubernetes client takes 0.15 s to import, so it is imported by those only that connect.


class Runbook:
    """What the code of every module asks for beside AnsibleModule's own ``params``, ``check_mode``, ``fail_json`` and ``exit_json``.

    ``shown``: from the name of an option that holds secrets among other things to the function that gives it without them.
    Ansible's ``no_log`` on such an option would hide every word in it, names too, and from ansible-core 2.22 on for the rest of the play.
    """

    shown: dict[str, Callable]
    no_log_values: set[str]

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster that the connection options name. Raises RunbookError where none can be reached by them."""
        from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster

        return Cluster.connect(self.params)

    def hide(self, values: Iterable[str | bytes]) -> None:
        """Keeps values out of whatever is printed from now on, in clear and in base64. The one place where a module adds to them."""
        forms = printed_forms(values)
        self.no_log_values.update(forms)
        register_secrets(forms)

    @contextmanager
    def clear_failures(self):
        """Ends the module with the message and the facts of a RunbookError raised inside."""
        try:
            yield
        except RunbookError as error:
            self.fail_json(msg=str(error), **error.facts)

    def shown_params(self) -> dict:
        """The options as they may be printed."""
        return {name: self.shown.get(name, _as_it_is)(value) for name, value in self.params.items()}

    def _hide_options(self) -> None:
        shown = self.shown_params()
        for name in self.shown.keys() & self.params.keys():
            self.hide(taken_out(self.params[name], shown[name]))
        content = content_of(self.params.get("kubeconfig"))
        self.hide(taken_out(content, without_credentials(content)))

    def _require(self, libraries: Callable[[dict], Iterable[str]]) -> None:
        absent = missing(libraries(self.params))
        if absent:
            self.fail_json(msg=lacking(absent))


class RunbookModule(Runbook, AnsibleModule):
    """An AnsibleModule that turns a RunbookError into a failure, and opens the cluster when it is first asked for."""

    def __init__(self, argument_spec: dict, *, connects: bool = True, shown: dict | None = None, libraries: Callable | None = None, **settings):
        self.shown = shown_options(shown)
        super().__init__(argument_spec=complete_spec(argument_spec, connects), supports_check_mode=True, **settings)
        self._hide_options()
        certificate_files.keep_below(lambda: self.tmpdir)  # which Ansible removes, even where this process is killed
        self._require(libraries or needed(connects))

    def _log_invocation(self) -> None:
        """Writes to the system's log how the module was called; Ansible does that before the module's code can hide anything."""
        given, self.params = self.params, self.shown_params()
        super()._log_invocation()
        self.params = given

    def exit_json(self, **result) -> None:
        """Ends the module. Neither the result nor the options that Ansible adds to it hold a hidden value."""
        self.params = masked(self.shown_params(), self.no_log_values)
        super().exit_json(**masked(result, self.no_log_values))

    def fail_json(self, msg: str, **facts) -> None:
        """As exit_json. AnsibleModule also calls it where the options are wrong, before anything of them was hidden."""
        self._hide_options()
        self.params = masked(self.shown_params(), self.no_log_values)
        super().fail_json(**masked({"msg": msg, **facts}, self.no_log_values))


def shown_options(shown: dict | None) -> dict[str, Callable]:
    """The options that hold secrets among other things: a module's own, and the connection's."""
    return {"kubeconfig": without_credentials, **(shown or {})}


def needed(connects: bool) -> Callable[[dict], tuple[str, ...]]:
    """The libraries that a module needs which does not say so itself."""
    return lambda _params: CLUSTER if connects else ()


def complete_spec(argument_spec: dict, connects: bool) -> dict:
    """A module's options, with kubernetes.core's for the connection where it ``connects``."""
    if not connects:
        return argument_spec
    from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import AUTH_ARG_SPEC

    kubeconfig = {"kubeconfig": {**AUTH_ARG_SPEC["kubeconfig"], "no_log": False}} if AUTH_ARG_SPEC else {}
    return {**AUTH_ARG_SPEC, **kubeconfig, **argument_spec}


def _as_it_is(value):
    return value
