# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The log: what people and other services do, without the probes and scrapes that come every few seconds."""

from __future__ import annotations

import logging

PROBES = ("/live", "/health", "/metrics")


class WithoutProbes(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """uvicorn's access records carry (client, method, path, HTTP version, status)."""
        return not (isinstance(record.args, tuple) and len(record.args) == 5 and record.args[2] in PROBES and record.args[4] == 200)


def configure() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn.access").addFilter(WithoutProbes())
