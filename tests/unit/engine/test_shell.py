# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs in a node, with a shell of this host for the node."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine import shell
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.shell import NodeShell, ShellError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

PLAIN = NodeShell(["env"], "The node")


def test_what_it_prints_for_what_is_sent():
    assert PLAIN.run("cat", stdin=[b"one ", b"two"]) == "one two"


def test_ssh_takes_the_command_as_one_text():
    assert NodeShell(["sh", "-c"], "The node", as_text=True).run("printf", "%s", "a b; c") == "a b; c"


def test_a_failure_reports_where_which_and_why():
    with pytest.raises(ShellError, match=r"^The node: sh failed with exit code 3: no space left$") as caught:
        PLAIN.run("sh", "-c", "echo no space left >&2; exit 3")
    assert caught.value.stderr == "no space left"


def test_a_program_that_ends_before_it_has_read_all_reports_why_itself():
    with pytest.raises(ShellError, match="sh failed with exit code 1: full"):
        PLAIN.run("sh", "-c", "echo full >&2; exit 1", stdin=(b"x" * 65536 for _number in range(1000)))


def test_a_program_that_ends_well_before_it_has_read_all_is_no_success():
    with pytest.raises(ShellError, match="true ended before it had read all"):
        PLAIN.run("true", stdin=(b"x" * 65536 for _number in range(1000)))


@pytest.mark.parametrize("status", [0, 1])
def test_a_stream_that_fails_is_reported_whatever_the_command_made_of_it(status):
    def pieces():
        yield b"half"
        raise RunbookError("a layer is cut off")

    with pytest.raises(RunbookError, match=r"^a layer is cut off$"):
        PLAIN.run("sh", "-c", f"cat >/dev/null; exit {status}", stdin=pieces())


def test_a_program_that_is_missing_is_named():
    with pytest.raises(ShellError, match="program /nowhere/docker cannot be run: No such file"):
        NodeShell(["/nowhere/docker", "exec"], "The node").run("true")


@pytest.mark.parametrize("stdin", [(), itertools.repeat(b"x" * 65536)], ids=["without input", "takes no input"])
def test_a_program_without_progress_is_ended_with_all_it_has_started(monkeypatch, stdin):
    for limit in ("ANSWER_TIMEOUT", "STALL_TIMEOUT", "POLL_INTERVAL"):
        monkeypatch.setattr(shell, limit, 0.05)
    with pytest.raises(ShellError, match=r"^The node: sh has made no progress for 0.05 s, and was ended\. Check the node: minikube status$"):
        PLAIN.run("sh", "-c", "(sleep 600); true", stdin=stdin)
    # The child of the shell held its output open: the call would not have ended before it.


def test_a_program_that_takes_its_input_slowly_is_not_ended(monkeypatch):
    monkeypatch.setattr(shell, "STALL_TIMEOUT", 60)
    monkeypatch.setattr(shell, "POLL_INTERVAL", 0.01)
    assert PLAIN.run("sh", "-c", "sleep 0.1; wc -c", stdin=[b"x" * 65536] * 20).strip() == str(65536 * 20)
