# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which requests are the same, and what one gets that was made before. Where they are stored: stored_requests.py."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

# How long an answer is kept: for a key of the client's, as long as it may reasonably retry; without one, the same body
# may soon be meant as a new request.
WITH_KEY = timedelta(hours=24)
WITHOUT_KEY = timedelta(seconds=60)


@dataclass(frozen=True)
class KeyedRequest:
    """A request, known by its user, its route and its key: nobody gets the answer to another user's request."""

    user_id: str
    route: str
    key: str
    body_hash: str
    kept: timedelta  # how long its answer is


class Known(Enum):
    """Why a request is not executed."""

    ANSWERED = "answered"
    IN_FLIGHT = "in flight"
    OTHER_BODY = "other body"


def keyed_request(user_id: str, route: str, idempotency_key: str | None, body: dict[str, Any]) -> KeyedRequest:
    """The request by the header Idempotency-Key, or by its body where a client sends none.

    `body` holds what the client has sent, and no defaults: those may differ in another version.
    """
    body_hash = hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
    if idempotency_key is None:
        return KeyedRequest(user_id, route, f"body:{body_hash}", body_hash, WITHOUT_KEY)
    return KeyedRequest(user_id, route, f"key:{idempotency_key}", body_hash, WITH_KEY)


def known_as(request: KeyedRequest, body_hash: str, response: str | None) -> Known:
    """What a request is whose key is stored with this hash and this response, which is None until the work is done."""
    if body_hash != request.body_hash:
        return Known.OTHER_BODY
    return Known.IN_FLIGHT if response is None else Known.ANSWERED
