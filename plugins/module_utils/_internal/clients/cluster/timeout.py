# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A timeout for calls that have none of their own."""

from __future__ import annotations

import queue
import threading


def call_within(seconds: float, call):
    """The result of a call without a timeout of its own. Raises TimeoutError, and abandons the call."""
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def run():
        try:
            answers.put((call(), None))
        except Exception as error:  # raised by the caller, which waits in another thread
            answers.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds} s") from None
    if error:
        raise error
    return result
