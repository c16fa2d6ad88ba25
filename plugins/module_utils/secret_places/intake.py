# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option that names places of a value, and how given values are taken out of what Ansible prints."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import AUTH_ARG_SPEC

HIDDEN = "<hidden>"
PLACE = {
    "secret": {"type": "str", "no_log": False},
    "config_map": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "readers": {"type": "bool", "default": False},
    "workload": {"type": "str"},
    "container": {"type": "str"},
    "env": {"type": "str"},
    "file": {"type": "path"},
    "value": {"type": "str", "no_log": True},
    "namespace": {"type": "str"},
}
ONE_OF = ["secret", "config_map", "workload", "file", "value"]
RULES = {
    "mutually_exclusive": [ONE_OF],
    "required_one_of": [ONE_OF],
    "required_by": {"secret": ["key"], "config_map": ["key"], "workload": ["env"], "container": ["workload"], "env": ["workload"]},
}


def take_out(module, option: str) -> list[dict]:
    """The places that an option holds; from here on the module's parameters hold no given value.

    Ansible would black out every word that equals a given value wherever it occurs, names too; so short ones, which no
    message holds, are only taken out of the parameters.
    """
    given = module.params[option]
    places = given if isinstance(given, list) else [given]
    hidden = [{**place, "value": HIDDEN} if place.get("value") is not None else place for place in places]
    module.params[option] = hidden if isinstance(given, list) else hidden[0]
    module.no_log_values = {
        str(module.params[name]) for name, spec in AUTH_ARG_SPEC.items() if spec.get("no_log") and module.params.get(name)
    }
    module.hide(place["value"] for place in places if place.get("value"))
    return places
