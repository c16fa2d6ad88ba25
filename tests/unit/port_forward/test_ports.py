# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who holds a port: real listeners of this process, and what is not visible to every user."""

from __future__ import annotations

import errno
import os
import pwd
import socket
from contextlib import closing

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward import ports
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.ports import Holder, bind_error, hides, holders_of, listener
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.supervisor import listen_failure
from port_forward_data import FRONTEND

ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def busy():
    """A port at which this process listens."""
    with closing(listener("127.0.0.1", 0)) as made:
        yield made.getsockname()[1]


def test_the_process_that_holds_a_port_is_named_without_its_arguments(busy):
    (holder,) = holders_of(busy)
    assert (holder.address, holder.user, holder.pid, holder.supervisor) == ("127.0.0.1", ME, os.getpid(), 0)
    assert str(holder) == f"{holder.command} (pid {os.getpid()}) of user {ME}" and holder.command
    assert holders_of(1) == []


def test_a_process_of_another_user_is_not_visible_and_its_user_is_named(busy, monkeypatch):
    monkeypatch.setattr(ports, "_has_socket", lambda _pid, _inode: False)
    monkeypatch.setattr(ports, "_is_supervisor", lambda _pid: False)
    (holder,) = holders_of(busy)
    assert (holder.pid, holder.command) == (0, "") and str(holder) == f"a process of user {ME}"
    monkeypatch.setattr(ports, "_is_supervisor", lambda pid: pid == os.getpid())
    assert str(holders_of(busy)[0]) == f"a process of user {ME}, who runs a supervisor of forwards of this collection (pid {os.getpid()})"


def test_a_supervisor_of_another_folder_is_recognised(busy, monkeypatch):
    monkeypatch.setattr(ports, "_is_supervisor", lambda pid: pid == os.getpid())
    assert str(holders_of(busy)[0]).endswith(f"(pid {os.getpid()}) of user {ME}, a supervisor of forwards of this collection")


@pytest.mark.skipif(bind_error("::1", 0) != 0, reason="this host has no IPv6")
def test_listeners_at_ipv6_are_found():
    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as made:
        (holder,) = holders_of(made.getsockname()[1])
    assert (holder.address, holder.pid) == ("::1", os.getpid())


def test_the_host_is_asked_whether_a_port_is_free(busy):
    assert bind_error("127.0.0.1", busy) == errno.EADDRINUSE and bind_error("127.0.0.1", 0) == 0
    assert bind_error("192.0.2.1", 0) == errno.EADDRNOTAVAIL


@pytest.mark.parametrize(("number", "words"), [
    (errno.EADDRINUSE, "Port 3000, for default/frontend:3000, is in use by nginx (pid 7) of user www. It was left alone. End it, or set another local_port"),
    (errno.EACCES, "Only root may listen at port 3000, for default/frontend:3000. Set a local_port from 1024."),
    (errno.EADDRNOTAVAIL, "address: 127.0.0.1 is none of this host's addresses. Use 127.0.0.1, or 0.0.0.0"),
    (errno.EMFILE, "Can't listen at 127.0.0.1:3000, for default/frontend:3000: Too many open files."),
])  # fmt: skip
def test_why_a_host_refuses_to_listen(monkeypatch, number, words):
    module = "ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.supervisor"
    monkeypatch.setattr(f"{module}.holders_of", lambda _port: [Holder("0.0.0.0", "www", 7, "nginx")] * 2)
    assert words in listen_failure(FRONTEND, number)
    monkeypatch.setattr(f"{module}.holders_of", lambda _port: [])
    assert number != errno.EADDRINUSE or "is in use by a process that is not visible here" in listen_failure(FRONTEND, number)


@pytest.mark.parametrize(("held", "address", "hidden"), [
    ("::1", "127.0.0.1", True), ("::", "127.0.0.1", True), ("127.0.0.1", "127.0.0.1", False), ("::1", "0.0.0.0", False),
])  # fmt: skip
def test_a_listener_at_ipv6_gets_the_clients_of_localhost(held, address, hidden):
    assert hides(Holder(held, "me"), address) is hidden
