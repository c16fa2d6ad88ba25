# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs small playbooks with the callback, without a cluster: into a pipe and on a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import termios
import textwrap
from dataclasses import dataclass
from pathlib import Path

from collection import CHECKOUT

TIMEOUT = 300  # seconds, for a run that hangs
NEVER = "600"  # seconds: no task lasts that long
# A task that lasts until the test has seen what it waits for.
WAIT = "sh -c 'until [ -e {{ playbook_dir }}/seen0 ]; do sleep 0.05; done'"
ACTIONS = {
    "announce": """
        def run(self, tmp=None, task_vars=None):
            self._wait("seen0")
            self._display.display("  built backend-api:3f1c9a0b7d22 in 3.2 s")
            self._wait("seen1")
            return {"changed": False}

        def _wait(self, name):
            while not os.path.exists(os.path.join(self._loader.get_basedir(), name)):
                time.sleep(0.05)
    """,
    "warn": """
        def run(self, tmp=None, task_vars=None):
            return {"changed": False, "warnings": ["the disk is nearly full"]}
    """,
}


def play(tasks: str, hosts: str = "localhost", more: str = "") -> str:
    """A play with these tasks."""
    begin = f"- hosts: {hosts}\n  gather_facts: false\n" + textwrap.indent(textwrap.dedent(more), "  ")
    return begin + "  tasks:\n" + textwrap.indent(textwrap.dedent(tasks), "    ")


@dataclass
class Runner:
    """A folder with a playbook, which finds the collection beside it."""

    folder: Path
    programs: Path  # the folder of ansible-playbook

    def write(self, name: str, content: str) -> None:
        """Writes a file of the playbook."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content).lstrip("\n"))

    def command(self, *options: str) -> list[str]:
        return [str(self.programs / "ansible-playbook"), "play.yml", *options]

    def environment(self, **variables: str) -> dict:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "RUNBOOK_CONCISE_"))}
        own = {
            "ANSIBLE_STDOUT_CALLBACK": "runbook.minikube.concise", "ANSIBLE_NOCOLOR": "1", "RUNBOOK_CONCISE_HEADER_AFTER": NEVER,
            "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0", "ANSIBLE_NOCOWS": "1",
            "ANSIBLE_ACTION_PLUGINS": str(self.folder / "action"), "ANSIBLE_CONNECTION_PLUGINS": str(self.folder / "connection"),
            "ANSIBLE_PYTHON_INTERPRETER": str(self.programs / "python"),
        }  # fmt: skip
        return {**inherited, **own, **variables}

    def run(self, *options: str, **variables: str) -> str:
        """What the playbook prints into a pipe: standard output and errors."""
        done = subprocess.run(
            self.command(*options), cwd=self.folder, env=self.environment(**variables), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False,
        )  # fmt: skip
        return done.stdout

    def run_until_seen(self, *awaited: str, terminal: bool, **variables: str) -> str:
        """What the playbook prints, whose tasks wait for the files seen0, seen1, ...: they are made when one expression after the other has been read."""
        reader, writer = open_terminal() if terminal else os.pipe()
        process = subprocess.Popen(
            self.command(), cwd=self.folder, env=self.environment(**variables), stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, start_new_session=True
        )
        os.close(writer)
        read, seen, step = "", 0, 0
        while chunk := read_chunk(reader):
            read += chunk.replace("\r\n", "\n")
            if step < len(awaited) and (found := re.compile(awaited[step]).search(read, seen)):
                (self.folder / f"seen{step}").touch()
                seen, step = found.end(), step + 1
        os.close(reader)
        process.wait(TIMEOUT)
        return read


def open_terminal() -> tuple[int, int]:
    """A terminal of 80 columns."""
    reader, writer = pty.openpty()
    termios.tcsetwinsize(writer, (24, 80))
    return reader, writer


def read_chunk(reader: int) -> str:
    try:
        return os.read(reader, 65536).decode()
    except OSError:  # a terminal without a writer
        return ""


def screen(printed: str) -> list[str]:
    """The lines that a terminal shows after this was printed."""
    lines, column = [""], 0
    for part in re.split(r"([\r\n])", re.sub(r"\x1b\[[0-9;]*m", "", printed)):
        if part in ("\r", "\n"):
            lines += [""] if part == "\n" else []
            column = 0
        else:
            lines[-1] = lines[-1][:column] + part + lines[-1][column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in lines]


def tasks_of(printed: str) -> str:
    """What is between the play's header and the recap, without stars and empty lines."""
    between = printed.partition("PLAY [")[2].partition("\n")[2].partition("PLAY RECAP")[0]
    return "\n".join(re.sub(r" \*+$", "", line) for line in between.splitlines() if line.strip())


def runner_in(folder: Path, programs: Path) -> Runner:
    """A playbook's folder, with actions for the tests."""
    (folder / "collections").symlink_to(CHECKOUT / "playbooks/collections")
    runner = Runner(folder, programs)
    for name, method in ACTIONS.items():
        begin = "import os\nimport time\n\nfrom ansible.plugins.action import ActionBase\n\n\nclass ActionModule(ActionBase):\n"
        runner.write(f"action/{name}.py", begin + textwrap.indent(textwrap.dedent(method).strip("\n"), "    ") + "\n")
    return runner
