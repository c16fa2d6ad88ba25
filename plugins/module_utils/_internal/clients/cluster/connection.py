# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connects to the Kubernetes API. The only file that uses kubernetes.core's module_utils, which is not a public interface."""

from __future__ import annotations

import traceback

from ...errors import RunbookError
from ...libraries import missing_message
from . import certificate_files
from .errors import first_line, unreachable
from .timeout import call_within

try:
    from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
except ImportError:
    AUTH_ARG_SPEC = {}
    get_api_client = None

try:
    import kubernetes.config
    import urllib3

    KUBERNETES_IMPORT_ERROR = None
except ImportError:
    KUBERNETES_IMPORT_ERROR = traceback.format_exc()

CONNECT_TIMEOUT = 5  # seconds until an API server that does not accept the connection counts as unreachable


def connect(params: dict):
    """The kubernetes client's dynamic client for kubernetes.core's connection options in ``params``. Raises RunbookError."""
    if get_api_client is None:
        raise RunbookError("The collection kubernetes.core is missing. Install it: ansible-galaxy collection install kubernetes.core")
    if KUBERNETES_IMPORT_ERROR:
        raise RunbookError(missing_message(["kubernetes"]), exception=KUBERNETES_IMPORT_ERROR)
    options = {name: params[name] for name in AUTH_ARG_SPEC if params.get(name) is not None}
    where = options.get("context") or options.get("host") or "the current context"
    try:
        with certificate_files.write_into_folder(kubernetes.config):
            return call_within(CONNECT_TIMEOUT * 2, lambda: get_api_client(**options)).client
    except (TimeoutError, urllib3.exceptions.HTTPError) as error:
        raise unreachable(f"of {where}", error) from error
    except Exception as error:  # kubernetes.core raises many types here, all about the connection options
        raise RunbookError(f"Can't connect to {where}: {first_line(error)}. Check the options kubeconfig and context.") from error
