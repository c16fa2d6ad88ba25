# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prints the tasks that take time or have a result, and a clock while one runs."""

from __future__ import annotations

DOCUMENTATION = """
name: concise
type: stdout
short_description: Prints only tasks that take time or have a result
description:
  - A task is printed once it has run for O(header_after) seconds, or has a result worth reading, such as a change, a failure, a difference, or a warning.
  - Skipped tasks, includes and the validation of arguments are not printed. A result C(ok) of a task that took time is one line with its duration.
  - While a task runs, its clock is a line that is rewritten on a terminal, and a line per minute elsewhere, for example in a log.
  - A message of M(ansible.builtin.debug) is printed as plain lines. On hosts other than localhost a line with the host's name precedes them.
  - Each error is printed once; ansible-core 2.19 and later print it twice. With C(-v), nothing is omitted from results.
  - Otherwise the output is that of P(ansible.builtin.default#callback).
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
extends_documentation_fragment:
  - default_callback
  - result_format_callback
options:
  display_skipped_hosts:
    description: Whether skipped tasks are printed, and the header of each task when it begins.
    type: bool
    default: false
    env:
      - name: ANSIBLE_DISPLAY_SKIPPED_HOSTS
    ini:
      - key: display_skipped_hosts
        section: defaults
  header_after:
    description: Seconds after which the header of a running task is printed.
    type: float
    default: 0.5
    env:
      - name: RUNBOOK_CONCISE_HEADER_AFTER
  clock_interval:
    description: Seconds between two updates of the clock. By default 1 on a terminal, and 60 elsewhere.
    type: float
    env:
      - name: RUNBOOK_CONCISE_CLOCK_INTERVAL
requirements:
  - set as stdout in configuration
"""

import sys
import time
from contextlib import contextmanager

from ansible import constants as C
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as DefaultCallback
from ansible.utils.fqcn import add_internal_fqcns
from ansible_collections.runbook.minikube.plugins.plugin_utils.running_tasks import RunningTasks, duration
from ansible_collections.runbook.minikube.plugins.plugin_utils.task_clock import TaskClock

VALIDATION = add_internal_fqcns(("validate_argument_spec",))
PROMPTS = add_internal_fqcns(("pause",))


class CallbackModule(DefaultCallback):
    """The default callback without what is not worth reading, and with a clock."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "runbook.minikube.concise"

    def set_options(self, task_keys=None, var_options=None, direct=None):
        """Reads the options, and creates what depends on them."""
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        after, interval = self.get_option("header_after"), self.get_option("clock_interval") or (1 if sys.stdout.isatty() else 60)
        self._running = RunningTasks(after, interval)
        self._clock = TaskClock(self._display, self._running, max(min(after, interval) / 10, 0.01), lambda: self._last_task_banner, self._print_task_banner)

    @contextmanager
    def _ended(self, result, ended=None):
        """Pauses the clock, and yields how long the task, or by ``ended`` the item, took."""
        with self._clock.paused():
            yield (ended or self._running.end)(result._host.get_name(), result._task._uuid, time.monotonic())

    def _task_start(self, task, prefix=None):
        if self._last_task_banner == task._uuid and not self._running.includes(task._uuid):
            self._last_task_banner = None  # runs again: a handler, or a play with serial
        super()._task_start(task, prefix)

    def _print_task_banner(self, task):
        self._clock.erase()
        super()._print_task_banner(task)

    def _print_header_once(self, task):
        if self._last_task_banner != task._uuid:
            self._print_task_banner(task)

    def _is_news(self, result):
        keys = ["changed", "warnings", "_ansible_verbose_always", *(["deprecations"] if C.config.get_config_value("DEPRECATION_WARNINGS") else [])]
        return self._display.verbosity > 0 or any(result._result.get(key) for key in keys)

    def _message(self, result):
        """The lines of a message of debug, None for any other result."""
        lines = result._result.get("msg")
        if result._task.action not in C._ACTION_DEBUG or result._result.get("changed") or "results" in result._result:
            return None
        lines = lines.splitlines() if isinstance(lines, str) else lines
        return lines if isinstance(lines, list) and all(isinstance(line, str) for line in lines) else None

    def _print_message(self, result, lines):
        self._print_header_once(result._task)
        self._handle_warnings(result._result)
        if result._host.get_name() not in C.LOCALHOST:
            self._display.display(f"ok: [{self.host_label(result)}] =>", color=C.COLOR_OK)
        for line in lines:
            self._display.display(line, color=C.COLOR_OK)

    def _print_duration(self, word, result, seconds, color):
        self._print_header_once(result._task)
        self._display.display(f"{word}: [{self.host_label(result)}] ({duration(seconds)})", color=color)

    def _omit_repeated_error(self, result):
        """From ansible-core 2.19 on, an error has an [ERROR] block, which shows where it is, and a result with the same message."""
        message, reported = result._result.get("msg"), getattr(self, "_current_task_result", None)
        if self._display.verbosity or not message or not reported or not reported.exception:
            return
        if str(message).startswith("Task failed: ") and not result._result.get("unreachable"):
            result._result["msg"] = "See the error above."  # of the playbook itself: the block has its lines
        else:
            result._result.pop("exception", None)

    def v2_playbook_on_play_start(self, play):
        self._clock.start()
        with self._clock.paused():
            super().v2_playbook_on_play_start(play)

    def v2_playbook_on_stats(self, stats):
        self._clock.stop()
        super().v2_playbook_on_stats(stats)

    def v2_playbook_on_include(self, included_file):
        if self._display.verbosity:
            super().v2_playbook_on_include(included_file)

    def v2_runner_on_start(self, host, task):
        with self._clock.paused():
            super().v2_runner_on_start(host, task)
            if task.action in PROMPTS:
                self._print_header_once(task)
            if not isinstance(task, TaskInclude) and task.action not in VALIDATION:
                self._running.begin(host.get_name(), task._uuid, task, time.monotonic())

    def v2_runner_on_ok(self, result):
        with self._ended(result) as seconds:
            lines = self._message(result)
            if isinstance(result._task, TaskInclude):
                return
            if lines is not None:
                self._print_message(result, lines)
            elif self._is_news(result):
                super().v2_runner_on_ok(result)
            elif self._running.lasted(seconds) and self.get_option("display_ok_hosts"):
                self._print_duration("ok", result, seconds, C.COLOR_OK)

    def v2_runner_item_on_ok(self, result):
        with self._ended(result, self._running.lap) as seconds:
            lines = self._message(result)
            if lines is not None:
                self._print_message(result, lines)
            elif self._is_news(result) or self._running.lasted(seconds):
                super().v2_runner_item_on_ok(result)

    def v2_runner_on_skipped(self, result):
        with self._ended(result) as seconds:
            super().v2_runner_on_skipped(result)
            has_header = self._running.lasted(seconds) and self._last_task_banner == result._task._uuid
            if has_header and not self.get_option("display_skipped_hosts"):
                self._print_duration("skipping", result, seconds, C.COLOR_SKIP)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        with self._ended(result):
            self._omit_repeated_error(result)
            super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_item_on_failed(self, result):
        with self._ended(result, self._running.lap):
            self._omit_repeated_error(result)
            super().v2_runner_item_on_failed(result)

    def v2_runner_on_unreachable(self, result):
        with self._ended(result):
            self._omit_repeated_error(result)
            super().v2_runner_on_unreachable(result)

    def v2_runner_retry(self, result):
        with self._clock.paused():
            self._print_header_once(result._task)
            super().v2_runner_retry(result)

    def v2_on_file_diff(self, result):
        with self._clock.paused():
            super().v2_on_file_diff(result)
