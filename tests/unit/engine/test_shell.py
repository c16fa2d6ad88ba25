# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs in a node, with a shell of this host for the node."""

from __future__ import annotations

import pytest
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
