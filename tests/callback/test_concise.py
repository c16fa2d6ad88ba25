# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person sees of a playbook with the callback runbook.minikube.concise."""

from __future__ import annotations

import textwrap

import pytest
from callback_runner import play, tasks_of
from collection import CHECKOUT


def expected(lines: str) -> str:
    return textwrap.dedent(lines).strip("\n")


def test_only_results_are_printed(runner):
    """Neither what is ok nor what is skipped, includes or the validation of arguments. A debug message is plain lines."""
    runner.write("roles/checked/meta/argument_specs.yml", "argument_specs: {main: {options: {size: {type: int}}}}")
    runner.write("roles/checked/tasks/main.yml", "- {name: Set in the role, ansible.builtin.set_fact: {from_role: 1}}")
    runner.write("included.yml", '- {name: Print a text, ansible.builtin.debug: {msg: "first line\\n  Second line"}}')
    tasks = """
        - {name: Run the role, ansible.builtin.include_role: {name: checked}, vars: {size: 1}}
        - {name: Set a fact, ansible.builtin.set_fact: {answer: 42}}
        - {name: Include tasks, ansible.builtin.include_tasks: included.yml}
        - {name: Skip it, ansible.builtin.command: "true", when: false}
        - {name: Change it, ansible.builtin.command: "true", notify: Restart it}
        - {name: Print the address, ansible.builtin.debug: {msg: [created it, "Open http://127.0.0.1:1"]}}
        - {name: Print a variable, ansible.builtin.debug: {var: answer}}
    """
    runner.write("play.yml", play(tasks, more="handlers: [{name: Restart it, ansible.builtin.command: 'true'}]\n"))
    printed = runner.run()
    assert tasks_of(printed) == expected("""
        TASK [Print a text]
        first line
          Second line
        TASK [Change it]
        changed: [localhost]
        TASK [Print the address]
        created it
        Open http://127.0.0.1:1
        TASK [Print a variable]
        ok: [localhost] => {
            "answer": 42
        }
        RUNNING HANDLER [Restart it]
        changed: [localhost]
    """)
    assert "ok=10   changed=2    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0" in printed


def test_items_that_changed_are_printed(runner):
    runner.write("play.yml", play("""
        - {name: Change some, ansible.builtin.command: "true", loop: [a, b, c], changed_when: item == 'b'}
        - {name: Print each, ansible.builtin.debug: {msg: "item {{ item }}"}, loop: [d, e]}
        - {name: Check each, ansible.builtin.set_fact: {a: 1}, loop: [f, g]}
    """))  # fmt: skip
    assert tasks_of(runner.run()) == expected("""
        TASK [Change some]
        changed: [localhost] => (item=b)
        TASK [Print each]
        item d
        item e
    """)


def test_each_error_is_printed_once(runner):
    runner.write("play.yml", play("""
        - {name: Fail, ansible.builtin.fail: {msg: one thing is wrong}, ignore_errors: true}
        - {name: Fail for one, ansible.builtin.assert: {that: "item != 'b'", quiet: true, fail_msg: not this one}, loop: [a, b], ignore_errors: true}
        - name: Try
          block:
            - {name: Misconfigure, ansible.builtin.file: {state: touch}}
          rescue:
            - {name: Rescue, ansible.builtin.debug: {msg: rescued}}
        - {name: Use it, ansible.builtin.debug: {msg: "{{ not_there }}"}}
    """))  # fmt: skip
    printed = runner.run()
    for header in ("Fail", "Fail for one", "Misconfigure", "Rescue", "Use it"):
        assert printed.count(f"TASK [{header}] **") == 1
    for message in ("one thing is wrong", "not this one", "missing required arguments: path"):
        assert printed.count(message) == 1, printed
    assert 'fatal: [localhost]: FAILED! => {"changed": false, "msg": "one thing is wrong"}\n...ignoring' in printed
    fatal = printed.rpartition("fatal: ")[2]
    assert "play.yml" in printed and ("is undefined" in fatal) != ("See the error above." in fatal)
    assert printed.count("...ignoring") == 2 and "failed=1    skipped=0    rescued=1    ignored=2" in printed


def test_unreachable_host_is_printed(runner):
    runner.write("connection/broken.py", """
        from ansible.errors import AnsibleConnectionFailure
        from ansible.plugins.connection.local import Connection as Local

        DOCUMENTATION = "name: broken\\nshort_description: Broken\\ndescription: [Broken]\\noptions: {}"


        class Connection(Local):
            def _connect(self):
                raise AnsibleConnectionFailure("no route to it")
    """)  # fmt: skip
    runner.write("play.yml", play("- {name: Reach it, ansible.builtin.command: 'true', vars: {ansible_connection: broken}}"))
    printed = runner.run()
    assert "TASK [Reach it] **" in printed and "fatal: [localhost]: UNREACHABLE! => " in printed and "unreachable=1" in printed
    assert printed.count("no route to it") == 1


def test_warning_is_printed_with_its_task(runner):
    runner.write("play.yml", play("- {name: Look, warn: }"))
    printed = runner.run()
    assert "TASK [Look] **" in printed and printed.count("the disk is nearly full") == 1 and "ok: [localhost]" in printed


def test_retry_is_printed_below_its_header(runner):
    runner.write("play.yml", play("- {name: Wait, ansible.builtin.command: 'true', until: answer.attempts > 1, retries: 3, delay: 0, register: answer}"))
    header, retrying, result = tasks_of(runner.run()).splitlines()
    assert header == "TASK [Wait]" and retrying.startswith("FAILED - RETRYING: [localhost]: Wait (") and result == "changed: [localhost]"


def test_check_mode_and_differences_are_printed(runner):
    runner.write("play.yml", play("- {name: Write, ansible.builtin.copy: {content: \"new\\n\", dest: '{{ playbook_dir }}/written'}}"))
    printed = runner.run("--check", "--diff", ANSIBLE_CHECK_MODE_MARKERS="true")
    assert all(header in printed for header in ("DRY RUN **", "PLAY [localhost] [CHECK MODE] **", "TASK [Write] [CHECK MODE] **"))
    assert printed.index("TASK [Write]") < printed.index("+new") < printed.index("changed: [localhost]")
    assert not (runner.folder / "written").exists()


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_several_hosts(runner, strategy):
    runner.write("play.yml", play("""
        - {name: Print, ansible.builtin.debug: {msg: "here is {{ inventory_hostname }}"}}
        - {name: Change the first, ansible.builtin.command: "true", changed_when: inventory_hostname == 'one'}
        - {name: Delegate, ansible.builtin.command: "true", delegate_to: localhost}
    """, hosts="all", more=f"strategy: {strategy}\n"))  # fmt: skip
    runner.write("hosts", "one ansible_connection=local\ntwo ansible_connection=local\n")
    printed = runner.run("-i", "hosts")
    for host in ("one", "two"):
        assert f"ok: [{host}] =>\nhere is {host}\n" in printed and f"changed: [{host} -> localhost]" in printed
    assert "changed: [one]\n" in printed and "[two]\n" not in printed and printed.count("TASK [Change the first] **") == 1


def test_serial_repeats_the_header(runner):
    runner.write("play.yml", play("- {name: Change, ansible.builtin.command: 'true'}", hosts="all", more="serial: 1\n"))
    runner.write("hosts", "one ansible_connection=local\ntwo ansible_connection=local\n")
    assert runner.run("-i", "hosts").count("TASK [Change] **") == 2


def test_verbose_prints_all_results(runner):
    runner.write("included.yml", "- {name: Set a fact, ansible.builtin.set_fact: {answer: 42}}")
    runner.write("play.yml", play("- {name: Include tasks, ansible.builtin.include_tasks: included.yml}"))
    printed = runner.run("-v")
    assert "included: " in printed and "TASK [Set a fact] **" in printed and 'ok: [localhost] => {"ansible_facts": {"answer": 42}' in printed


def test_skipped_tasks_are_printed_on_request(runner):
    runner.write("play.yml", play("- {name: Skip it, ansible.builtin.command: 'true', when: false}"))
    assert "TASK [Skip it] **" not in runner.run()
    printed = runner.run(ANSIBLE_DISPLAY_SKIPPED_HOSTS="true")
    assert "TASK [Skip it] **" in printed and "skipping: [localhost]" in printed


def test_colors_are_those_of_the_default(runner):
    runner.write("play.yml", play("- {name: Change, ansible.builtin.command: 'true'}"))
    assert "\x1b[" not in runner.run()
    assert "\x1b[0;33mchanged: [localhost]\x1b[0m" in runner.run(ANSIBLE_NOCOLOR="", ANSIBLE_FORCE_COLOR="1")


def test_installed_collection_has_the_callback(runner):
    (runner.folder / "collections").unlink()
    runner.write("play.yml", play("- {name: Print, ansible.builtin.debug: {msg: found}}"))
    assert "\nfound\n" in runner.run(ANSIBLE_COLLECTIONS_PATH=str(CHECKOUT / "playbooks/collections"))
