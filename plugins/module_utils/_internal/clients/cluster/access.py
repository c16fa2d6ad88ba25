# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Missing permissions: the one sentence for them, and calls whose refusal by the API server (403) becomes that sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ...errors import RunbookError
from .errors import ApiError

FORBIDDEN = 403
GRANT = "Grant it with a Role and a RoleBinding, or run as a user who has it."


def not_allowed_to(what: str, namespace: str | None = None, purpose: str = "") -> str:
    """The sentence. ``what`` is verbs with their resources ("get pods/exec and create pods/exec"), ``purpose`` an infinitive ("to ...")."""
    where = f" in namespace {namespace}" if namespace else ""
    needed = f", which is needed {purpose}" if purpose else ""
    return f"Not allowed to {what}{where}{needed}."


def not_allowed(what: str, namespace: str | None = None, purpose: str = "", fix: str = GRANT, missing: Iterable[str] = ()) -> RunbookError:
    """The sentence as a failure, with what to do about it. ``missing`` is returned as missing_permissions."""
    facts = {"missing_permissions": list(missing)} if missing else {}
    return RunbookError(f"{not_allowed_to(what, namespace, purpose)} {fix}", **facts)


@contextmanager
def needs(what: str, namespace: str | None = None, purpose: str = "", fix: str = GRANT, missing: Iterable[str] = ()) -> Iterator[None]:
    """Raises not_allowed where the API server refuses a call of the block for lack of permission."""
    try:
        yield
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
        raise not_allowed(what, namespace, purpose, fix, missing) from error
