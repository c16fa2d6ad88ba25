# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PostgreSQL and PgBouncer as child processes of the tests."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from certificates import Authority
from packages import install

PATIENCE = 60  # seconds until a server has to answer
PASSWORD = "planted-hunter2/with#all?of:them"
NAME = "db.test"  # nobody's, by RFC 6761
NAMES = itertools.count(1)


@dataclass(frozen=True)
class Programs:
    """Where the programs are."""

    postgres: Path
    initdb: Path
    pgbouncer: Path


def programs() -> Programs:
    """The programs, from the distribution where they are missing. Fails where they can't be had."""
    found = _found()
    if not found:
        install("postgresql", "pgbouncer")
        found = _found()
    assert found, "PostgreSQL's server programs or PgBouncer are still missing"
    return found


def _found() -> Programs | None:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name), reverse=True), None]
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    pgbouncer = shutil.which("pgbouncer", path=path)
    for place in places:
        postgres, initdb = (shutil.which(name, path=str(place) if place else path) for name in ("postgres", "initdb"))
        if postgres and initdb and pgbouncer:
            return Programs(Path(postgres), Path(initdb), Path(pgbouncer))
    return None


def unprivileged() -> dict:
    """As whom the servers run: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return listener.getsockname()[1]


class Process:
    """A server in a folder of its own, which is ended and removed with the block."""

    name = ""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="runbook-"))
        self.port = free_port()
        self._process = None

    def __enter__(self):
        try:
            self._give()
            self._process = self._start()
            self._await()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error) -> None:
        if self._process:
            self._process.send_signal(self.ended_by)
            try:
                self._process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder)

    def _give(self) -> None:
        """Hands the folder to the one as whom the server runs."""
        if os.geteuid() == 0:
            for place in [self.folder, *self.folder.rglob("*")]:
                os.chown(place, unprivileged()["user"], unprivileged()["group"])

    def start(self, command: list[str]) -> subprocess.Popen:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **unprivileged())

    def _await(self) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.connect("postgres").close()
                return
            except psycopg2.OperationalError:
                ended = self._process.poll() is not None
                assert not ended and time.monotonic() < until, (self.folder / "log").read_text()
            time.sleep(0.05)

    def connect(self, database: str):
        """A connection of the tests' own, which commits each statement."""
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user="owner", password=PASSWORD, dbname=database, connect_timeout=10)
        connection.autocommit = True
        return connection


class Server(Process):
    """A PostgreSQL whose user ``owner`` may do everything."""

    ended_by = 3  # SIGQUIT: at once; its data are thrown away

    def __init__(self, programs: Programs, authority: Authority):
        super().__init__()
        self._programs = programs
        self._authority = authority

    def _start(self) -> subprocess.Popen:
        place = self.folder / "data"
        self._make(place)
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.folder, "fsync": "off", "ssl": "on",
            "ssl_cert_file": self.folder / "server.crt", "ssl_key_file": self.folder / "server.key", "shared_buffers": "16MB",
        }  # fmt: skip
        return self.start([str(self._programs.postgres), "-D", str(place), *(f"--{name}={value}" for name, value in settings.items())])

    def _make(self, place: Path) -> None:
        (self.folder / "password").write_text(PASSWORD)
        certificate, key = self._authority.issue(NAME)
        (self.folder / "server.crt").write_bytes(certificate)
        (self.folder / "server.key").write_bytes(key)
        (self.folder / "server.key").chmod(0o600)
        self._give()
        command = [str(self._programs.initdb), "-D", str(place), "-U", "owner", "-A", "scram-sha-256", "--pwfile", str(self.folder / "password"),
                   "-E", "UTF8", "--locale", "C", "--no-sync"]  # fmt: skip
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=PATIENCE, **unprivileged())

    @contextmanager
    def database(self) -> Iterator[str]:
        """A database of a name that no other test uses."""
        name = f"test_{next(NAMES)}"
        with closing(self.connect("postgres")) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            try:
                yield name
            finally:
                cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def sql(self, database: str, *statements: str) -> list[tuple]:
        """The rows of the last statement."""
        with closing(self.connect(database)) as connection, closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


class Standby(Server):
    """A hot standby of another server, which it follows."""

    def __init__(self, programs: Programs, authority: Authority, primary: Server):
        super().__init__(programs, authority)
        self._primary = primary

    def _make(self, place: Path) -> None:
        for name in ("server.crt", "server.key"):
            shutil.copy2(self._primary.folder / name, self.folder)
        self._give()
        command = [str(self._programs.initdb.with_name("pg_basebackup")), "-D", str(place), "-h", "127.0.0.1", "-p", str(self._primary.port), "-U", "owner",
                   "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]  # fmt: skip
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        subprocess.run(command, cwd=self.folder, env=environment, check=True, capture_output=True, timeout=PATIENCE, **unprivileged())


class Pooler(Process):
    """A PgBouncer in transaction mode, with one connection to the server, so that every transaction meets what an earlier one left there."""

    ended_by = 9  # it keeps nothing, and which signal ends it at once depends on its release

    def __init__(self, programs: Programs, server: Server):
        super().__init__()
        self._program = programs.pgbouncer
        (self.folder / "users").write_text(f'"owner" "{PASSWORD}"\n')
        (self.folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\n"
            f"unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {self.folder}/users\npool_mode = transaction\ndefault_pool_size = 1\n"
        )

    def _start(self) -> subprocess.Popen:
        return self.start([str(self._program), str(self.folder / "pgbouncer.ini")])
