# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the certificates and keys in a kubeconfig become files, as TLS takes them from files only: a folder that ends with the module.

By itself the Kubernetes client writes them straight into the system's folder for temporary files, and removes them when Python ends in
an orderly way. Ansible's workers do not: up to Python 3.12 a forked process runs no function of atexit.
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


class _Place:
    """The folder of this process. ``parent`` gives the folder to make it in, by default the system's for temporary files."""

    parent: Callable[[], str | None] = staticmethod(lambda: None)
    folder: str | None = None


@contextmanager
def below(parent: Callable[[], str | None]) -> Iterator[None]:
    """Files that are written meanwhile stand below ``parent()``, and are gone afterwards."""
    keep_below(parent)
    try:
        yield
    finally:
        remove()


def keep_below(parent: Callable[[], str | None]) -> None:
    """Files that are written from now on stand below ``parent()``, which is asked when there is one."""
    _Place.parent = staticmethod(parent)


@contextmanager
def written_here(config) -> Iterator[None]:
    """Lets the functions of the module kubernetes.config that load a kubeconfig write into the folder."""
    given = {name: getattr(config, name) for name in ("load_kube_config", "load_kube_config_from_dict")}
    for name, load in given.items():
        setattr(config, name, partial(load, temp_file_path=folder()))
    try:
        yield
    finally:
        for name, load in given.items():
            setattr(config, name, load)


def folder() -> str:
    """The folder, which only this user may read. It is made when first asked for."""
    if _Place.folder is None:
        _Place.folder = tempfile.mkdtemp(prefix=PREFIX, dir=_Place.parent())
        atexit.register(remove)
    return _Place.folder


def remove() -> None:
    """Removes the folder, and has the libraries forget the files in it: a later module of the same process gets new ones."""
    if _Place.folder is None:
        return
    shutil.rmtree(_Place.folder, ignore_errors=True)
    _Place.folder = None
    _forget("kubernetes.config.kube_config", "_temp_files")
    _forget("ansible_collections.kubernetes.core.plugins.module_utils.k8s.client", "_pool")


def _forget(module: str, known: str) -> None:
    """Empties what a library remembers, if it has been imported and does so."""
    getattr(sys.modules.get(module), known, {}).clear()
