# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter runbook.minikube.app, as a template calls it."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.filter.app import FilterModule

APP = FilterModule().filters()["app"]


def test_errors_are_filter_errors_with_paths(tmp_path):
    with pytest.raises(AnsibleFilterError, match=r"runbook_app.manifests\[0\]: there is no file or folder"):
        APP({"name": "a", "manifests": ["nothing"], "workloads": [{"name": "a"}]}, str(tmp_path))


def test_directory_is_required(tmp_path):
    with pytest.raises(AnsibleFilterError, match="needs the folder"):
        APP({}, None)


class Encrypted:
    """As ansible-core 2.18 hands over what ansible-vault has encrypted."""

    __ENCRYPTED__ = True

    def __str__(self):
        return "//x:{a/k}@db"


def test_vaulted_values_are_strings(tmp_path):
    (tmp_path / "a.yml").write_text("")
    data = {"k": {"generate": 16}, "value": {"value": Encrypted()}, "template": {"template": Encrypted()}}
    done = APP({"name": "a", "manifests": ["a.yml"], "workloads": [{"name": "a"}], "secrets": [{"name": "a", "data": data}]}, str(tmp_path))
    assert done["secrets"][0]["data"] == data
