# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A template that cannot be rendered is named with its line or the reason, and nothing of it is quoted."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.runbook.minikube.plugins.lookup.manifest_template import LookupModule


@pytest.fixture
def render(tmp_path):
    """Renders a template."""

    def rendered(text: str):
        file = tmp_path / "f.yml.j2"
        file.write_text(text)
        loader = DataLoader()
        lookup = LookupModule(loader=loader, templar=Templar(loader=loader, variables={"name": "web"}))
        return lookup.run([str(file)], {"name": "web", "ansible_search_path": [str(tmp_path)]})

    return rendered


def test_texts_are_those_of_the_builtin_lookup(render):
    assert render("a: {{ name }}\nb: |\n  x\n") == ["a: web\nb: |\n  x\n"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\npassword: hush-{{ missing }}\n", ": 'missing' is undefined."),
        ("a: 1\npassword: hush-{{ name.missing }}\n", "has no attribute 'missing'."),
        ("a: 1\npassword: hush-{% if %}\n", ", line 2: invalid Jinja syntax"),
        ("a: 1\npassword: {{ hush hush }}\n", ", line 2: invalid Jinja syntax"),
        ("a: 1\npassword: hush-{{ 1 + 'a' }}\n", ": its Jinja expression cannot be evaluated"),
        ("a: 1\npassword: hush-{{ lookup('ansible.builtin.file', '/nowhere') }}\n", ": "),
    ],
)
def test_what_cannot_be_rendered_is_located_and_never_quoted(render, text, problem):
    with pytest.raises(AnsibleError) as error:
        render(text)
    assert "f.yml.j2" in str(error.value) and problem in str(error.value)
    assert "hush" not in str(error.value)
    assert error.value.__cause__ is None and error.value.__context__ is None
