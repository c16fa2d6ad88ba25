# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one exception that a capability raises for a person to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class RunbookError(Exception):
    """A failure with a cause and a next step.

    ``message`` says what failed, where, and what to do about it. ``facts`` are the same as data; they become keys of the
    module's result and must hold no secret.
    """

    def __init__(self, message: str, **facts):
        super().__init__(message)
        self.facts = facts


@contextmanager
def ending_with(end: Callable[[], object]) -> Iterator[None]:
    """Calls ``end`` whatever becomes of the block. Where both raise RunbookError, one tells both causes, with the block's facts."""
    try:
        yield
    except RunbookError as error:
        try:
            end()
        except RunbookError as left:
            raise RunbookError(f"{error} {left}", **error.facts) from error
        raise
    except BaseException:
        end()
        raise
    end()
