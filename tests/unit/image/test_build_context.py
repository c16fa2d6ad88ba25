# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import io
import os
import shutil
import socket
import tarfile

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.build_context import FileHashes, read_sources
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.digest import context_digest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.spec import ImageSpec
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.tar_stream import ContextArchive

pytest.importorskip("docker", reason="the ignore patterns are the Docker SDK's")


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "backend"
    (root / "tools").mkdir(parents=True)
    (root / "logs").mkdir()
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (root / "tools" / "Dockerfile").write_text("ARG BASE=own:1\nFROM $BASE\nCOPY . /\n")
    (root / "main.py").write_text("print(1)\n")
    (root / "logs" / "a.log").write_text("x")
    (root / "run").symlink_to("main.py")
    (root / ".dockerignore").write_text("logs\nDockerfile\n")
    return root


def spec(root, dockerfile="Dockerfile", **fields):
    values = {"option": "images[0]", "name": "a", "context": str(root), "dockerfile": str(root / dockerfile), "args": {}, **fields}
    return ImageSpec(**values)


def read(root, dockerfile="Dockerfile", **fields):
    return read_sources([spec(root, dockerfile, **fields)])[0]


def paths(source):
    return [entry.path for entry in source.entries]


def test_ignored_files_and_the_ignore_file_are_omitted(folder):
    assert paths(read(folder)) == ["main.py", "run", "tools", "tools/Dockerfile"]


def test_ignore_file_of_the_dockerfile_takes_precedence(folder):
    (folder / "tools" / "Dockerfile.dockerignore").write_text("*\n!main.py\n")
    assert paths(read(folder, "tools/Dockerfile")) == ["main.py"]
    assert "run" in paths(read(folder))


def test_without_an_ignore_file_all_files_are_included(folder):
    (folder / ".dockerignore").unlink()
    assert paths(read(folder)) == ["Dockerfile", "logs", "logs/a.log", "main.py", "run", "tools", "tools/Dockerfile"]


def test_location_times_and_umask_are_ignored(folder, tmp_path):
    digest = context_digest(read(folder).entries)
    other = tmp_path / "elsewhere" / "b"
    shutil.copytree(folder, other, symlinks=True)
    os.utime(other / "main.py", (1, 1))
    (other / "main.py").chmod(0o664)
    assert context_digest(read(other).entries) == digest


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "main.py").write_text("print(2)\n"),
        lambda root: (root / "main.py").chmod(0o755),
        lambda root: (root / "main.py").rename(root / "app.py"),
        lambda root: ((root / "run").unlink(), (root / "run").symlink_to("tools")),
        lambda root: (root / "empty").mkdir(),
    ],
)
def test_changed_content_changes_the_digest(folder, change):
    before = context_digest(read(folder).entries)
    change(folder)
    assert context_digest(read(folder).entries) != before


def test_ignored_files_do_not_change_the_digest(folder):
    before = context_digest(read(folder).entries)
    (folder / "logs" / "b.log").write_text("y")
    (folder / ".dockerignore").write_text("logs\nDockerfile\n*.tmp\n")
    assert context_digest(read(folder).entries) == before


def test_sockets_are_omitted(folder):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(folder / "s"))
        assert "s" not in paths(read(folder))


def test_base_images_of_the_dockerfile(folder):
    assert read(folder).bases == ()
    assert read(folder, "tools/Dockerfile").bases == ("own:1",)


def test_shared_context_is_read_once(folder, monkeypatch):
    opened = []
    real = FileHashes.of
    monkeypatch.setattr(FileHashes, "of", lambda self, path: (path in self._known or opened.append(path), real(self, path))[1])
    read_sources([spec(folder), spec(folder, "tools/Dockerfile", name="b")])
    assert sorted(opened) == sorted(set(opened))
    assert str(folder / "main.py") in opened


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"context": "/nowhere"}, r"images\[0\]\.path: the folder /nowhere does not exist"),
        ({"dockerfile": "/nowhere/Dockerfile"}, r"images\[0\]\.dockerfile: the file /nowhere/Dockerfile does not exist"),
        ({"target": "prod"}, r"images\[0\]\.target: .*no stage prod"),
    ],
)
def test_missing_file_names_the_option(folder, fields, words):
    with pytest.raises(RunbookError, match=words):
        read_sources([spec(folder, **fields)])


def test_missing_build_argument_is_named(folder):
    (folder / "Dockerfile").write_text("ARG BASE\nFROM $BASE\n")
    with pytest.raises(RunbookError, match=r"images\[0\]\.args\.BASE is required by "):
        read(folder)


def test_file_removed_while_reading_is_named(folder, monkeypatch):
    monkeypatch.setattr(FileHashes, "of", lambda self, path: open(f"{path}.gone", "rb"))
    with pytest.raises(RunbookError, match=r"main\.py\.gone cannot be read"):
        read(folder)


def unpack(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: (member, archive.extractfile(member).read() if member.isfile() else None) for member in archive}


def test_archive_contains_the_entries_without_owners(folder):
    archive = ContextArchive(read(folder))
    data = b"".join(archive)
    members = unpack(data)
    assert archive.bytes_sent == len(data)
    assert list(members) == [".runbook.dockerfile", ".dockerignore", "main.py", "run", "tools", "tools/Dockerfile"]
    assert members[".runbook.dockerfile"][1] == b"FROM scratch\nCOPY . /\n"
    assert members["main.py"][1] == b"print(1)\n"
    assert members["run"][0].linkname == "main.py"
    assert {(member.uid, member.gid, member.uname, member.gname) for member, _content in members.values()} == {(0, 0, "", "")}
    assert members["main.py"][0].mtime == int((folder / "main.py").stat().st_mtime)


def test_long_names_and_large_files_are_sent(folder):
    name = "x" * 200
    (folder / name).write_bytes(os.urandom(700_001))
    members = unpack(b"".join(ContextArchive(read(folder))))
    assert members[name][1] == (folder / name).read_bytes()


def test_file_removed_while_sending_is_named(folder):
    source = read(folder)
    (folder / "main.py").unlink()
    with pytest.raises(RunbookError, match=r"main\.py became unreadable during the build: No such file"):
        b"".join(ContextArchive(source))


@pytest.mark.parametrize("now", ["print(2)\n", "print(1)\nmore", "p"])
def test_file_changed_while_sending_fails(folder, now):
    source = read(folder)
    (folder / "main.py").write_text(now)
    with pytest.raises(RunbookError, match=r"main\.py changed"):
        b"".join(ContextArchive(source))


def test_a_feature_of_buildkit_is_refused_before_anything_is_read(folder):
    (folder / "Dockerfile").write_text("FROM a:1\nRUN --mount=type=cache,target=/c true\n")
    with pytest.raises(RunbookError, match=r"images\[0\].dockerfile: .* uses RUN --mount, which only BuildKit builds"):
        read(folder)


def test_what_docker_warns_about_is_a_warning(folder):
    (folder / ".dockerignore").write_text("x[y\n")
    unused, malformed = read(folder, args={"NOBODY": "1"}).warnings
    assert "images[0].args: NOBODY of a is not declared by an ARG in" in unused and "x[y" in malformed
    (folder / ".dockerignore").write_text("*.py\n")
    assert read(folder).warnings == ()
