# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an object is refused. Pure."""

from __future__ import annotations

import re

# A Go structure in a message of Kubernetes' validation, which may hold the values of environment variables.
STRUCTURE = re.compile(r"(Invalid value: )(?!\")[^\s:]*[{\[].*: (?=[^:]*$)", re.DOTALL)
MAX_LENGTH = 600  # characters


def shortened(message: str) -> str:
    """The API server's message without the structures that it prints, and not longer than MAX_LENGTH."""
    message = STRUCTURE.sub(r"\1… : ", message)
    return message if len(message) <= MAX_LENGTH else f"{message[:MAX_LENGTH]} …"


def deleting_message(obj: dict) -> str:
    """Why an object that is being deleted cannot be changed, and what it waits for."""
    metadata = obj["metadata"]
    finalizers = metadata.get("finalizers") or []
    held = f"; the finalizers {', '.join(finalizers)} have to be removed by their controllers" if finalizers else ""
    return f"it is being deleted since {metadata['deletionTimestamp']}{held}. Run again once it is gone."
