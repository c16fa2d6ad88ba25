# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shows what the module minikube_image has done while it still runs: builds take minutes, and a module prints nothing before its end."""

from __future__ import annotations

import tempfile
import threading
from contextlib import contextmanager

from ansible.plugins.action import ActionBase

EVERY = 0.5  # seconds between looks at the file


class ActionModule(ActionBase):
    """Runs the module and, where it runs on this host, shows a line for each image that is done."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """See the module's documentation."""
        super().run(tmp, task_vars)
        if self._connection.transport != "local" or self._task.args.get("progress") or self._task.check_mode or self._task.async_val:
            return self._ask({}, task_vars)
        with tempfile.NamedTemporaryFile(mode="r", encoding="utf-8", prefix="minikube_image_") as file, self._shown(file):
            return self._ask({"progress": file.name}, task_vars)

    def _ask(self, more, task_vars):
        arguments = {**self._task.args, **more}
        return self._execute_module(
            module_name="runbook.minikube.minikube_image", module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val
        )

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
            last = ended.wait(EVERY)  # one look more after the end
            for line in file.read().splitlines():
                self._display.display(f"  {line}")
