# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Searches for secret values in everything that a run leaves: its outputs and logs, files that Ansible does not remove, processes, pod logs and Events."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from background import Background
from harness import TestCluster

PAUSE = 0.05  # seconds between two reads of the processes


def secrets_of(cluster: TestCluster, when: str) -> dict[str, str]:
    """The secrets of the application and its private keys, by a name that may be printed."""
    data = json.loads(cluster.kubectl("get", "secret", "frontend-secrets", "-o", "json"))["data"]
    values = {key: base64.b64decode(value).decode() for key, value in data.items()}
    keys = cluster.kubectl("exec", "postgres-0", "--", "psql", "-U", "todo", "-d", "todo", "-Atc", 'SELECT "privateKey" FROM jwks').splitlines()
    found = {f"{when}: secret": values["better-auth-secret"], f"{when}: database": unquote(urlsplit(values["database-url"]).password)}
    found |= {f"{when}: list {number}": part.partition(":")[2] for number, part in enumerate(values.get("better-auth-secrets", "").split(",")) if part}
    return found | {f"{when}: key {number}": key.strip('"') for number, key in enumerate(keys)}


def forms(value: str) -> set[bytes]:
    """A value as it is, in base64, as a part of a URL, and as a part of JSON."""
    texts = {value, base64.b64encode(value.encode()).decode(), quote(value, safe=""), json.dumps(value)[1:-1]}
    return {text.encode() for text in texts}


def found_in(folder: Path, values: dict[str, str]) -> list[tuple[str, str]]:
    """(name of a value, file) for each value that a file below the folder holds in any form."""
    wanted = {name: forms(value) for name, value in values.items()}
    found = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        found += [(name, file.name) for name, texts in wanted.items() if any(text in content for text in texts)]
    return found


class Traces(Background):
    """A folder that gets what runs leave while it is entered; ``shell`` has them leave as much as Ansible can."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.shell = {
            "ANSIBLE_LOG_PATH": str(folder / "ansible.log"), "ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TMP": str(folder / "remote"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "local"), "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit", "JUNIT_OUTPUT_DIR": str(folder / "junit"),
        }  # fmt: skip
        self._command_lines: set[bytes] = set()

    def __exit__(self, *exception) -> None:
        super().__exit__(*exception)
        self.keep("processes", b"\n".join(sorted(self._command_lines)))

    def files(self) -> set[str]:
        """The names of all files that were left."""
        return {file.name for file in self.folder.rglob("*") if file.is_file()}

    def keep(self, name: str, content: str | bytes) -> None:
        """Puts something into the folder."""
        (self.folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def collect(self, cluster: TestCluster) -> None:
        """Gets the logs of the application's pods, and its Events."""
        for pod in cluster.objects("pods"):
            name = pod["metadata"]["name"]
            self.keep(f"log-{name}", cluster.kubectl("logs", name, "--all-containers", "--tail=-1", check=False))
        self.keep("events", json.dumps(cluster.objects("events")))

    def _run(self) -> None:
        """The arguments of all processes, those in the node's containers too."""
        while not self._end.wait(PAUSE):
            for place in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self._command_lines.add(place.read_bytes().replace(b"\0", b" "))
                except OSError:  # it has just ended
                    continue
