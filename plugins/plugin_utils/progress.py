# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shows the progress of a module while it runs, with Ansible's Display, so that it works with every stdout callback."""

from __future__ import annotations

import tempfile
import threading
from contextlib import contextmanager

from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessAction

POLL_INTERVAL = 0.5  # seconds


class ProgressAction(InProcessAction):
    """The action of a module with the option ``progress``: shows what the module writes to that file, if the module runs on this host."""

    def run_module(self, arguments, task_vars):
        """See the module's documentation."""
        if not self._runs_locally or arguments.get("progress") or self._task.check_mode or self._task.async_val:
            return super().run_module(arguments, task_vars)
        with tempfile.NamedTemporaryFile(mode="r", encoding="utf-8", prefix="runbook_progress_") as file, self._shown(file):
            return super().run_module({**arguments, "progress": file.name}, task_vars)

    @contextmanager
    def _shown(self, file):
        ended = threading.Event()
        reader = threading.Thread(target=self._show, args=(file, ended), daemon=True)
        reader.start()
        try:
            yield
        finally:
            ended.set()
            reader.join()

    def _show(self, file, ended: threading.Event):
        last = False
        while not last:
            last = ended.wait(POLL_INTERVAL)  # reads once more after the end
            for line in file.read().splitlines():
                self._display.display(f"  {line}")
