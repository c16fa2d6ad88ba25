# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From Services and a node's address to the URLs at which an application is reached from outside."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError


def url_of(check: dict, services: list[dict], host: str) -> str:
    """The URL of ``check`` ({service, path, port?}) over the Service's NodePort on ``host``.

    ``port`` names a port of the Service by name or number; without it the first one counts. Raises RunbookError where the Service
    is missing or has no NodePort.
    """
    name = check["service"]
    service = next((item for item in services if item["metadata"]["name"] == name), None)
    if service is None:
        raise RunbookError(f"There is no Service {name}. Add it to the manifests, or correct the name in runbook_app.")
    wanted = check.get("port")
    ports = [port for port in service["spec"]["ports"] if wanted in (None, port.get("name"), port["port"])]
    if not ports:
        raise RunbookError(f"The Service {name} has no port {wanted}. Correct `port` in runbook_app.")
    if not ports[0].get("nodePort"):
        raise RunbookError(f"The Service {name} has no NodePort, so it can't be reached from outside. Set its type to NodePort.")
    literal = f"[{host}]" if ":" in host else host
    return f"http://{literal}:{ports[0]['nodePort']}{check.get('path') or '/'}"


def checks_with_urls(checks: list[dict], services: list[dict], host: str) -> list[dict]:
    """Each check with its ``url``."""
    return [{**check, "url": url_of(check, services, host)} for check in checks]


def differences(expected, actual, path: str = "") -> list[str]:
    """Where ``actual`` lacks or contradicts ``expected``, as sentences; more keys than expected are no difference."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [line for key, value in expected.items() for line in differences(value, actual.get(key), f"{path}.{key}".lstrip("."))]
    if expected == actual:
        return []
    return [f"{path or 'the answer'} is {actual!r}, not {expected!r}"]
