# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a Helm release is as asked for, read from the Secrets in which Helm keeps its releases. Pure.

Their form (helm.sh/release.v1: base64 of gzipped JSON, with the state in a label) is that of Helm's storage driver "secret".
"""

from __future__ import annotations

import base64
import gzip
import json

KIND = "helm.sh/release.v1"


def selector_of(name: str) -> str:
    """The label selector for the records of a release that count: the deployed one, and one that is pending or failed."""
    return f"owner=helm,name={name},status notin (superseded)"


def says(records: list[dict], values: dict) -> str:
    """What is not as asked for as a sentence, "" for nothing. ``records``: the Secrets that the selector finds."""
    if not records:
        return "is not installed"
    newest = max(records, key=lambda record: int(record["metadata"]["labels"]["version"]))
    status = newest["metadata"]["labels"]["status"]
    if status != "deployed":
        return f"is {status}"
    return "" if _values(newest) == values else "was installed with other values"


def _values(record: dict) -> dict:
    """The values that the release was installed with; Helm's own base64 lies under that of the Secret."""
    packed = base64.b64decode(base64.b64decode(record["data"]["release"]))
    return json.loads(gzip.decompress(packed)).get("config") or {}
