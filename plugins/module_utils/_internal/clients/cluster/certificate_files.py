# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The temporary folder for the certificates and keys of a kubeconfig, which TLS reads from files only. It is removed with the module.

By default the Kubernetes client writes them into the system's folder for temporary files, and removes them with atexit, which
Ansible's workers do not run: a forked process runs no function of atexit up to Python 3.12.
"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

PREFIX = "runbook.minikube-"


class _State:
    """The folder of this process, created inside ``parent()``, by default the system's folder for temporary files."""

    parent: Callable[[], str | None] = staticmethod(lambda: None)
    folder: str | None = None


@contextmanager
def inside(parent: Callable[[], str | None]) -> Iterator[None]:
    """Files written in the block are inside ``parent()``, and are removed afterwards."""
    use_parent(parent)
    try:
        yield
    finally:
        remove()


def use_parent(parent: Callable[[], str | None]) -> None:
    """Files written from now on are inside ``parent()``, which is called when the first one is written."""
    _State.parent = staticmethod(parent)


@contextmanager
def write_into_folder(config) -> Iterator[None]:
    """Has the functions of kubernetes.config that load a kubeconfig write into the folder."""
    originals = {name: getattr(config, name) for name in ("load_kube_config", "load_kube_config_from_dict")}
    for name, load in originals.items():
        setattr(config, name, partial(load, temp_file_path=folder()))
    try:
        yield
    finally:
        for name, load in originals.items():
            setattr(config, name, load)


def folder() -> str:
    """The folder, readable by this user only. It is created on first use."""
    if _State.folder is None:
        _State.folder = tempfile.mkdtemp(prefix=PREFIX, dir=_State.parent())
        atexit.register(remove)
    return _State.folder


def remove() -> None:
    """Removes the folder, and clears the libraries' caches of files in it: a later module of the same process writes new ones."""
    if _State.folder is None:
        return
    shutil.rmtree(_State.folder, ignore_errors=True)
    _State.folder = None
    _forget("kubernetes.config.kube_config", "_temp_files")
    _forget("ansible_collections.kubernetes.core.plugins.module_utils.k8s.client", "_pool")


def _forget(module: str, known: str) -> None:
    """Clears a library's cache, if it has been imported and has one."""
    getattr(sys.modules.get(module), known, {}).clear()
