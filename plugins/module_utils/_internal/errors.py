# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The exception that capabilities raise: its message is what the user reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

NOTHING_CHANGED = "Nothing was changed."


class RunbookError(Exception):
    """A failure with a cause and a next step.

    ``message`` says what failed, where, and what to do about it. ``facts`` are the same as data; they become keys of the
    module's result and must hold no secret.
    """

    def __init__(self, message: str, **facts):
        super().__init__(message)
        self.facts = facts


@contextmanager
def cleanup_after(cleanup: Callable[[], object]) -> Iterator[None]:
    """Calls ``cleanup`` however the block ends. Where both raise RunbookError, the message has both causes; the facts are the block's."""
    try:
        yield
    except RunbookError as error:
        try:
            cleanup()
        except RunbookError as second:
            raise RunbookError(f"{error} {second}", **error.facts) from error
        raise
    except BaseException:
        cleanup()
        raise
    cleanup()
