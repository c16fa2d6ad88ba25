# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person sees while a task runs, with the callback runbook.minikube.concise."""

from __future__ import annotations

from callback_runner import WAIT, play, screen, tasks_of

ALWAYS = "0"  # seconds: every task lasts that long


def test_lasting_task_is_printed_while_it_runs_into_a_pipe(runner):
    runner.write("play.yml", play(f"""- {{name: Wait, ansible.builtin.command: "{WAIT}", changed_when: false}}"""))
    awaited = r"TASK \[Wait\] \*+\n(.*\n)*  still running after \S+ s\n"
    printed = runner.run_until_seen(awaited, terminal=False, RUNBOOK_CONCISE_HEADER_AFTER=ALWAYS, RUNBOOK_CONCISE_CLOCK_INTERVAL="0.2")
    assert printed.count("TASK [Wait] **") == 1 and "ok: [localhost] (" in printed


def test_clock_of_a_terminal_is_one_line(runner):
    """A line that a worker prints meanwhile is readable, and nothing of the clock remains."""
    runner.write("play.yml", play("- {name: Build, announce: }\n- {name: Print, ansible.builtin.debug: {msg: ready}}"))
    clock = r"\r  \S+ s\r"
    awaited = (rf"TASK \[Build\] \*+\n{clock}{clock}", rf"built backend-api.*\n{clock}")
    printed = runner.run_until_seen(*awaited, terminal=True, RUNBOOK_CONCISE_HEADER_AFTER=ALWAYS, RUNBOOK_CONCISE_CLOCK_INTERVAL="0.2")
    shown = tasks_of("\n".join(screen(printed)))
    header, progress, result, *others = shown.splitlines()
    assert (header, progress, *others) == ("TASK [Build]", "  built backend-api:3f1c9a0b7d22 in 3.2 s", "TASK [Print]", "ready")
    assert result.startswith("ok: [localhost] (") and result.endswith(" s)")
    assert all(len(line) <= 80 for line in screen(printed.partition("PLAY RECAP")[0]))


def test_many_forks_with_a_fast_clock_end(runner):
    """The clock prints all the time, and each task of each host is a fork: no worker waits for a lock that the clock held."""
    runner.write("play.yml", play("- {name: Set, ansible.builtin.set_fact: {a: 1}, loop: [1]}\n" * 20, hosts="all"))
    runner.write("hosts", "".join(f"host{number} ansible_connection=local\n" for number in range(4)))
    printed = runner.run("-i", "hosts", RUNBOOK_CONCISE_HEADER_AFTER=ALWAYS, RUNBOOK_CONCISE_CLOCK_INTERVAL="0.001")
    assert printed.count("ok=20   changed=0    unreachable=0    failed=0") == 4, printed[-2000:]
