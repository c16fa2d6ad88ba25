# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the run of Ansible that started this process still lives: an orphan must not write."""

from __future__ import annotations

from functools import cached_property

from ..errors import RunbookError
from .identity import Holder, Host, is_running, process_start


class OwnerGuard:
    """Checks the process of ansible-playbook before each write. On another host, where it can't be seen, nothing is refused."""

    def __init__(self, owner: Holder):
        self._owner = owner

    def before_write(self) -> None:
        """Raises RunbookError where that process has ended."""
        if is_running(self._owner, self._here, process_start) is False:
            raise RunbookError(
                f"The run of Ansible that started this task (pid {self._owner.pid}) has ended. This task ends too, and writes nothing more. "
                "Run the playbook again."
            )

    def while_reading(self) -> None:
        """Reading harms nobody."""

    @cached_property
    def _here(self) -> Host:
        return Host.this()
