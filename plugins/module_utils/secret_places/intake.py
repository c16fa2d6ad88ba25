# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option that names places of a value, and what of it may be printed."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.masking import HIDDEN

PLACE = {
    "secret": {"type": "str", "no_log": False},
    "config_map": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "readers": {"type": "bool", "default": False},
    "workload": {"type": "str"},
    "container": {"type": "str"},
    "env": {"type": "str"},
    "file": {"type": "path"},
    "value": {"type": "str"},  # no no_log: Ansible would black out every word that equals it, names too
    "namespace": {"type": "str"},
}
ONE_OF = ["secret", "config_map", "workload", "file", "value"]
RULES = {
    "mutually_exclusive": [ONE_OF],
    "required_one_of": [ONE_OF],
    "required_by": {"secret": ["key"], "config_map": ["key"], "workload": ["env"], "container": ["workload"], "env": ["workload"]},
}


def without_values(places):
    """The places that an option holds, one or several, as they may be printed, also where they are not what they should be."""
    if isinstance(places, list):
        return [without_values(place) for place in places]
    if not isinstance(places, dict):
        return HIDDEN if places else places
    return {key: HIDDEN if key == "value" and value is not None else value for key, value in places.items()}
