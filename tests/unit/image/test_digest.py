# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.digest import (
    ContextEntry,
    build_inputs,
    context_digest,
    ignore_patterns,
    normalized_mode,
)

FILE = ContextEntry("a/b.py", "file", 0o644, "ab12", size=3, mtime=100)
LINK = ContextEntry("link", "link", 0o777, "a/b.py")
FOLDER = ContextEntry("a", "folder", 0o755)
ENTRIES = (FILE, LINK, FOLDER)


def test_order_and_times_are_ignored():
    assert context_digest(ENTRIES) == context_digest((FOLDER, LINK, replace(FILE, mtime=5)))


@pytest.mark.parametrize(
    "changed",
    [
        replace(FILE, path="a/c.py"),
        replace(FILE, mode=0o755),
        replace(FILE, content="ab13"),
        replace(FILE, kind="link"),
    ],
)
def test_name_mode_kind_and_content_change_the_digest(changed):
    assert context_digest(ENTRIES) != context_digest((changed, LINK, FOLDER))


def test_link_target_and_empty_folder_change_the_digest():
    assert context_digest(ENTRIES) != context_digest((FILE, replace(LINK, content="a"), FOLDER))
    assert context_digest(ENTRIES) != context_digest((FILE, LINK))


def test_adjacent_names_are_separated():
    assert context_digest([ContextEntry("a\nb", "file", 0o644)]) != context_digest([ContextEntry("a", "file", 0o644), ContextEntry("b", "file", 0o644)])


def test_non_utf8_name_has_a_digest():
    assert context_digest([ContextEntry("\udcff", "file", 0o644)]) != context_digest([ContextEntry("\udcfe", "file", 0o644)])


def inputs(entries=ENTRIES, dockerfile=b"FROM a", args=None, target=None, platform=None, base_ids=("id",)):
    return build_inputs(entries, dockerfile, args or {}, target, platform, base_ids)


@pytest.mark.parametrize(
    "change, part",
    [
        ({"entries": (FILE,)}, "context"),
        ({"dockerfile": b"FROM b"}, "dockerfile"),
        ({"args": {"A": "1"}}, "args"),
        ({"target": "one"}, "target"),
        ({"platform": "linux/amd64"}, "platform"),
        ({"base_ids": ("other",)}, "base"),
    ],
)
def test_every_changed_part_is_named(change, part):
    latest, now = inputs(), inputs(**change)
    assert now.digest != latest.digest
    assert now.changed_since(str(latest)) == [part]


def test_order_of_arguments_is_ignored():
    assert inputs(args={"A": "1", "B": "2"}).digest == inputs(args={"B": "2", "A": "1"}).digest


def test_unknown_previous_build_means_all_parts_changed():
    assert len(inputs().changed_since("")) == 6


@pytest.mark.parametrize("mode, normalized", [(0o100664, 0o644), (0o100644, 0o644), (0o775, 0o755), (0o600, 0o600), (0o104755, 0o4755)])
def test_umask_is_ignored(mode, normalized):
    assert normalized_mode(mode) == normalized


def test_ignore_patterns():
    assert ignore_patterns("\ufeff# comment\n\n *.log \n!keep.log\r\nnode_modules\n #no comment") == [
        "*.log",
        "!keep.log",
        "node_modules",
        "#no comment",
    ]
