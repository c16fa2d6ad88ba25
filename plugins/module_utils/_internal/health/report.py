# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The failure of http_health_info. Pure."""

from __future__ import annotations


def failure_message(results: list[dict]) -> str:
    """What is wrong with the unhealthy ones, with the next step; "" if there are none."""
    failed = [f"{result['name']} at {result['url']} {result['problem']}" for result in results if not result["healthy"]]
    return f"{'; '.join(failed)}. See the logs of the pods behind these Services." if failed else ""
