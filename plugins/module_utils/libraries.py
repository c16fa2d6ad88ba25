# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Python libraries that modules need, and what to do where some are missing. Imports none of them."""

from __future__ import annotations

import shlex
import sys
import sysconfig
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

# From the name in Python to the line of requirements.txt.
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


def driver_for(database: dict | None) -> tuple[str, ...]:
    """What the option ``database`` takes on this side: nothing where a program in a pod does the work."""
    if not database or database["via"] == "pod" or database["workload"] and not database["via"]:
        return ()
    return DATABASE


def missing(libraries: Iterable[str]) -> list[str]:
    """Those that this Python has not."""
    return [name for name in dict.fromkeys(libraries) if name not in sys.modules and find_spec(name) is None]


def lacking(libraries: Iterable[str]) -> str:
    """Says which libraries this Python lacks, and how it gets them."""
    requirements = [LIBRARIES[name] for name in libraries]
    return f"The Python that runs this module ({sys.executable}) lacks {', '.join(requirements)}. {way_to(requirements)}"


def way_to(requirements: list[str]) -> str:
    """How this Python gets packages: by pipx where that made it, else by pip, unless the system forbids that (PEP 668)."""
    packages = shlex.join(requirements)
    if (Path(sys.prefix) / "pipx_metadata.json").exists():
        return f"Ansible was installed with pipx, so add them to it: pipx inject {Path(sys.prefix).name} {packages}"
    if managed_by_system():
        return (
            "It belongs to the operating system, which lets pip install nothing (PEP 668): install the system's packages of these names, or "
            f"make an environment of your own (python3 -m venv DIRECTORY, then DIRECTORY/bin/python -m pip install {packages}) and set "
            "ansible_python_interpreter to DIRECTORY/bin/python."
        )
    return f"Install them: {shlex.quote(sys.executable)} -m pip install {packages}"


def managed_by_system() -> bool:
    """Whether this Python is no virtual environment, and its installation is marked as the operating system's."""
    return sys.prefix == sys.base_prefix and (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists()
