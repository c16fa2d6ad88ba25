# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redacts the option kubeconfig: a path may be printed, of a mapping everything but its credentials. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .masking import HIDDEN

CREDENTIALS = ("token", "password", "client-key-data", "access-token", "refresh-token", "id-token", "client-secret")
# Keys of an auth-provider's config that are not credentials. Providers differ, so every other key is treated as a credential.
PUBLIC_SETTINGS = (
    "apiserver-id", "client-id", "cmd-args", "cmd-path", "config-mode", "environment", "expiry", "expiry-key", "expires-in", "expires-on",
    "extra-scopes", "idp-certificate-authority", "idp-certificate-authority-data", "idp-issuer-url", "scopes", "tenant-id", "token-key",
)
SECRET_ARGUMENT = re.compile(r"-.*(token|secret|password)", re.IGNORECASE)


def redact_kubeconfig(kubeconfig):
    """A kubeconfig as it may be printed. Text that is the content of a kubeconfig, not its path, is hidden as a whole."""
    if isinstance(kubeconfig, str):
        return HIDDEN if "\n" in kubeconfig or kubeconfig.lstrip().startswith("{") else kubeconfig
    if isinstance(kubeconfig, list):
        return [redact_kubeconfig(item) for item in kubeconfig]
    if isinstance(kubeconfig, dict):
        return {key: _redacted(key, value) for key, value in kubeconfig.items()}
    return kubeconfig


def parse_kubeconfig(kubeconfig):
    """The parsed content, where the kubeconfig is YAML text instead of a path; else the kubeconfig unchanged."""
    if redact_kubeconfig(kubeconfig) != HIDDEN:
        return kubeconfig
    try:
        import yaml
    except ImportError:
        return kubeconfig
    try:
        return yaml.safe_load(kubeconfig)
    except yaml.YAMLError:
        return kubeconfig


def _redacted(key: str, value):
    if value is None:
        return None
    if key in CREDENTIALS:
        return HIDDEN
    special = {"auth-provider": _auth_provider, "exec": _exec, "proxy-url": _proxy}.get(key)
    return special(value) if special else redact_kubeconfig(value)


def _auth_provider(provider):
    if not isinstance(provider, dict) or not isinstance(provider.get("config") or {}, dict):
        return HIDDEN
    config = {key: value if key in PUBLIC_SETTINGS else HIDDEN for key, value in (provider.get("config") or {}).items()}
    return {**provider, "config": config}


def _exec(plugin):
    """A credential plugin: a program with its arguments and variables."""
    if not isinstance(plugin, dict):
        return HIDDEN
    return {**plugin, "args": _arguments(plugin.get("args")), "env": _variables(plugin.get("env"))}


def _variables(env):
    if not env or not all(isinstance(variable, dict) for variable in env):
        return HIDDEN if env else env
    return [{key: HIDDEN if key == "value" else value for key, value in variable.items()} for variable in env]


def _arguments(args):
    """Arguments without the values of options whose names mark them as secret: ``--token=x`` and ``--token x``."""
    if not isinstance(args, list):
        return HIDDEN if args else args
    before = ["", *args[:-1]]
    return [_argument(str(argument), str(previous)) for argument, previous in zip(args, before, strict=True)]


def _argument(argument: str, previous: str) -> str:
    if SECRET_ARGUMENT.match(argument):
        return argument if "=" not in argument else HIDDEN
    return HIDDEN if SECRET_ARGUMENT.match(previous) and "=" not in previous else argument


def _proxy(url):
    """A proxy's URL, which may hold a password."""
    try:
        return HIDDEN if urlsplit(url).password else url
    except (ValueError, AttributeError, TypeError):
        return HIDDEN
