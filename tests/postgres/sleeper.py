# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests a long sleep of the database whose URL comes on standard input, and prints how that ended."""

from __future__ import annotations

import signal
import sys

import collection

collection.make_importable()

from addresses import opened  # noqa: E402  which needs the collection to be found
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import rows  # noqa: E402

# Who was started by a shell in the background ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with opened(sys.stdin.readline().strip(), statement_timeout=600) as way:
    try:
        rows(way, "SELECT pg_sleep(600)::text")
    except KeyboardInterrupt:
        print("interrupted")
