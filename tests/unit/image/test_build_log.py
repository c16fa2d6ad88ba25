# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.build_log import BuildLog


def log_of(*pieces):
    log = BuildLog()
    for piece in pieces:
        log.add(piece)
    return log


def test_step_and_last_twenty_lines():
    log = log_of("Step 1/2 : FROM a\n", "Step 2/2 : RUN make\n", *[f"line {number}\n" for number in range(30)])
    assert log.step == "Step 2/2 : RUN make"
    assert log.last_lines() == [f"line {number}" for number in range(10, 30)]


def test_earlier_standard_error_is_kept():
    log = log_of("Step 1/1 : RUN make\n", "\x1b[91mno such package\n\x1b[0m", *[f"line {number}\n" for number in range(30)])
    assert log.last_lines()[:2] == ["no such package", "line 10"]


def test_standard_error_of_an_earlier_step_is_dropped():
    log = log_of("\x1b[91mwarning\x1b[0m", "Step 2/2 : RUN make\n", *[f"line {number}\n" for number in range(30)])
    assert "warning" not in log.last_lines()


def test_noise_and_colors_are_removed_and_long_lines_truncated():
    log = log_of(" ---> Running in 12\n", "Removing intermediate container 12\n", "\n", "\x1b[1mbold\x1b[0m\n", "x" * 1000)
    assert log.last_lines() == ["bold", "x" * 300]


def test_output_of_several_lines_in_one_event():
    assert log_of("a\nb\r\n\nc").last_lines() == ["a", "b", "c"]
