# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether an image registry can be reached."""

from __future__ import annotations

import urllib.error
import urllib.request

TIMEOUT = 5  # seconds until a site counts as unreachable
MAX_BYTES = 1 << 16


def is_registry_available(url: str) -> bool:
    """Whether an image registry responds, also if it requires a login."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
            response.read(MAX_BYTES)
    except urllib.error.HTTPError as error:
        return error.code in (401, 403)
    except OSError:
        return False
    return True
