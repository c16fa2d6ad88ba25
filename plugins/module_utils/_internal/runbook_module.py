# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The base of every module of this collection: cluster connection, redaction of secrets, and clear failures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

from .clients.cluster import certificate_files
from .credentials import parse_kubeconfig, redact_kubeconfig
from .errors import RunbookError
from .lease.options import GuardOptions
from .lease.owner import OwnerGuard
from .libraries import CLUSTER, missing, missing_message
from .masking import hidden_texts, masked, printed_forms
from .printable import printable_result, printable_text
from .write_guard import WRITES, CheckModeGuard

try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # ansible-core hides by no_log_values alone up to 2.21

    def register_secrets(_values):
        """There is no registry."""


if TYPE_CHECKING:
    from .clients.cluster.client import Cluster

# In modules that write: the run of Ansible that uses the module, and in those that connect to a cluster the Lease that it holds.
HOLDER_SPEC = {"holder": {"type": "dict"}}
LEASE_SPEC = {"lease": {"type": "dict", "options": {"name": {"type": "str"}, "namespace": {"type": "str", "default": "default"}}}}

# Importing the Kubernetes client takes 0.15 s, so only modules that connect do.


class Runbook:
    """What a module's code uses beside AnsibleModule's own ``params``, ``check_mode``, ``fail_json`` and ``exit_json``.

    ``redact``: option name to a function that returns the option's value without its secrets, for options that contain some.
    Ansible's ``no_log`` on such an option would hide every word in it, names too, and from ansible-core 2.22 on for the rest of the play.
    ``data``: keys of the result that a later task takes as its input, so that their texts stay as they are. All others are made printable.
    """

    params: dict
    check_mode: bool
    fail_json: Callable
    redact: dict[str, Callable]
    data: Collection[str] = ()
    no_log_values: set[str]

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster of the connection options. Raises RunbookError where it cannot be reached."""
        from .clients.cluster.client import Cluster

        return Cluster.connect(self.params)

    def hide(self, values: Iterable[str | bytes]) -> None:
        """Masks values in all output from now on, in clear and in base64. The only place where a module adds to no_log_values."""
        forms = printed_forms(values)
        self.no_log_values.update(forms)
        register_secrets(forms)

    @contextmanager
    def clear_failures(self):
        """Fails the module with the message and the facts of a RunbookError raised in the block."""
        try:
            yield
        except RunbookError as error:
            self.fail_json(msg=str(error), **error.facts)

    def redacted_params(self) -> dict:
        """The options as they may be printed."""
        return {name: self.redact.get(name, _unchanged)(value) for name, value in self.params.items()}

    def _guard_writes(self) -> None:
        """From now on a client writes only while the run of Ansible that started this process lives, and holds its lease; never in check mode."""
        with self.clear_failures():
            self._use_guards(GuardOptions.of(self.params))

    def _use_guards(self, options: GuardOptions | None) -> None:
        if self.check_mode:
            WRITES.use(CheckModeGuard())
        elif options is None:
            WRITES.use()
        elif options.name:
            from .lease.guard import LeaseGuard

            WRITES.use(LeaseGuard(lambda: self.cluster, options.namespace, options.name, options.holder), OwnerGuard(options.holder))
        else:
            WRITES.use(OwnerGuard(options.holder))

    def _hide_options(self) -> None:
        redacted = self.redacted_params()
        for name in self.redact.keys() & self.params.keys():
            self.hide(hidden_texts(self.params[name], redacted[name]))
        content = parse_kubeconfig(self.params.get("kubeconfig"))
        self.hide(hidden_texts(content, redact_kubeconfig(content)))

    def _require(self, libraries: Callable[[dict], Iterable[str]]) -> None:
        not_found = missing(libraries(self.params))
        if not_found:
            self.fail_json(msg=missing_message(not_found))


class RunbookModule(Runbook, AnsibleModule):
    """An AnsibleModule that turns a RunbookError into a failure and connects to the cluster on first use."""

    def __init__(
        self, argument_spec: dict, *, connects: bool = True, writes: bool = False, redact: dict | None = None, libraries: Callable | None = None,
        data: Collection[str] = (), **settings,
    ):  # fmt: skip
        self.redact = redactions(redact)
        self.data = data
        super().__init__(argument_spec=complete_spec(argument_spec, connects, writes), supports_check_mode=True, **settings)
        self._hide_options()
        certificate_files.use_parent(lambda: self.tmpdir)  # which Ansible removes, even where this process is killed
        self._require(libraries or default_libraries(connects))
        self._guard_writes()

    def _log_invocation(self) -> None:
        """Logs the invocation to syslog, without secrets: Ansible does so before the module's code can hide anything."""
        params, self.params = self.params, self.redacted_params()
        super()._log_invocation()
        self.params = params

    def warn(self, warning: str, **more) -> None:
        """Adds a warning to the result, which Ansible prints as it is."""
        super().warn(printable_text(masked(warning, self.no_log_values)), **more)

    def exit_json(self, **result) -> None:
        """Ends the module. Hidden values are masked in the result and in the options that Ansible adds to it; all texts of the result are printable."""
        self.params = masked(self.redacted_params(), self.no_log_values)
        super().exit_json(**printable_result(result, self.no_log_values, self.data))

    def fail_json(self, msg: str, **facts) -> None:
        """As exit_json. AnsibleModule also calls it for invalid options, before any of them was hidden."""
        self._hide_options()
        self.params = masked(self.redacted_params(), self.no_log_values)
        super().fail_json(**printable_result({"msg": msg, **facts}, self.no_log_values))


def redactions(redact: dict | None) -> dict[str, Callable]:
    """The redactions of a module's own options and of the connection's."""
    return {"kubeconfig": redact_kubeconfig, **(redact or {})}


def default_libraries(connects: bool) -> Callable[[dict], tuple[str, ...]]:
    """The libraries of a module that does not name its own."""
    return lambda _params: CLUSTER if connects else ()


def complete_spec(argument_spec: dict, connects: bool, writes: bool) -> dict:
    """A module's options, with kubernetes.core's connection options where it ``connects``, and those of the guard where it ``writes``."""
    if writes:
        argument_spec = {**argument_spec, **HOLDER_SPEC, **(LEASE_SPEC if connects else {})}
    if not connects:
        return argument_spec
    from .clients.cluster.connection import AUTH_ARG_SPEC

    kubeconfig = {"kubeconfig": {**AUTH_ARG_SPEC["kubeconfig"], "no_log": False}} if AUTH_ARG_SPEC else {}
    return {**AUTH_ARG_SPEC, **kubeconfig, **argument_spec}


def _unchanged(value):
    return value
