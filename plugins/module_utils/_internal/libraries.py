# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Python libraries that modules need, and how to install missing ones. Imports none of them."""

from __future__ import annotations

import shlex
import sys
import sysconfig
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

# Import name: line of requirements.txt
LIBRARIES = {
    "certifi": "certifi>=2023.11.17",
    "cryptography": "cryptography>=42.0.0",
    "docker": "docker>=7.1.0",
    "kubernetes": "kubernetes>=31.0.0",
    "nacl": "PyNaCl>=1.5.0",
    "psutil": "psutil>=5.9.0",
    "psycopg2": "psycopg2-binary>=2.9.10",
    "urllib3": "urllib3>=2.0.7",
    "websocket": "websocket-client>=1.7.0",
    "yaml": "PyYAML>=6.0.1",
}
CLUSTER = ("kubernetes", "certifi", "urllib3", "websocket", "yaml")
ENGINE = ("docker", "urllib3")
KEYS = ("nacl",)
CERTIFICATES = ("cryptography",)
DATABASE = ("psycopg2",)


def database_libraries(database: dict | None) -> tuple[str, ...]:
    """What the option ``database`` needs on the controller: nothing where a program in a pod does the work."""
    if not database or database["via"] == "pod" or database["workload"] and not database["via"]:
        return ()
    return DATABASE


def missing(libraries: Iterable[str]) -> list[str]:
    """Those that this Python cannot import."""
    return [name for name in dict.fromkeys(libraries) if name not in sys.modules and find_spec(name) is None]


def missing_message(libraries: Iterable[str]) -> str:
    """Which libraries this Python lacks, and how to install them."""
    requirements = [LIBRARIES[name] for name in libraries]
    return f"Python libraries are missing: {', '.join(requirements)}, in {sys.executable}, which runs this module. {install_hint(requirements)}"


def install_hint(requirements: list[str]) -> str:
    """How to install packages into this Python: with pipx where pipx made it, else with pip, unless the system forbids that (PEP 668)."""
    packages = shlex.join(requirements)
    if (Path(sys.prefix) / "pipx_metadata.json").exists():
        return f"Ansible was installed with pipx. Add them to it: pipx inject {Path(sys.prefix).name} {packages}"
    if managed_by_system():
        return (
            "This Python is managed by the operating system, where pip must not install (PEP 668): install the system's packages of these "
            f"names, or create a virtual environment (python3 -m venv DIRECTORY, then DIRECTORY/bin/python -m pip install {packages}) and "
            "set ansible_python_interpreter to DIRECTORY/bin/python."
        )
    return f"Install them: {shlex.quote(sys.executable)} -m pip install {packages}"


def managed_by_system() -> bool:
    """Whether this Python is not a virtual environment and is marked as externally managed."""
    return sys.prefix == sys.base_prefix and (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists()
