# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What state: absent removes from real folders, and what it keeps."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import yaml
from profile_host import CLAIM, Host, kubeconfig, write, write_minikube

ENGINE = ["container runbook", "volume runbook", "network runbook"]


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host whose user has files in the home folder."""
    made = Host(tmp_path.resolve())
    for file in ("thesis.tex", ".ssh/id_ed25519", "photos/2026/one.jpg", ".kube/config", "kubeconfig", "notes/claim.json"):
        write(made.user_home / file, f"the user's {file}\n")
    monkeypatch.setenv("HOME", str(made.user_home))
    monkeypatch.chdir(made.user_home)
    for place, name in ((shutil, "rmtree"), (os, "unlink"), (os, "rmdir")):
        monkeypatch.setattr(place, name, only_below(made.root, getattr(place, name)))
    return made


def only_below(root, remove):
    """As ``remove``, but a path elsewhere on this machine fails the test before anything is removed."""

    def removed(path, *arguments, **options):
        assert options.get("dir_fd") is not None or Path(os.path.abspath(path)).is_relative_to(root), f"{path} would have been removed"
        return remove(path, *arguments, **options)

    return removed


def test_removal_is_confined_to_the_temporary_folder(host):
    elsewhere = host.root.parent / f"{host.root.name}-elsewhere"
    for remove in (shutil.rmtree, os.unlink, os.rmdir, Path.unlink, Path.rmdir):
        with pytest.raises(AssertionError, match="would have been removed"):
            remove(elsewhere)


def contents(folder) -> list[str]:
    """The files and links in a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def test_only_files_of_the_first_version_are_removed(host):
    before = host.tree()
    host.make()
    result = host.run()
    assert result["changed"] and result["remaining"] == [] and "warnings" not in result
    assert host.tree() == before | {name: "folder" for name in host.tree() if host.tree()[name] == "folder"}
    assert not host.home.exists() and list(host.claims.glob("*.json")) == [] and host.docker.objects == set()


def test_second_removal_changes_nothing(host):
    host.make()
    host.run()
    again = host.run()
    assert not again["changed"] and (again["removed"], again["remaining"]) == ([], [])


def test_check_mode_lists_exactly_what_is_removed(host):
    host.make()
    write(host.home / "notes.txt", "mine")
    before = host.tree()
    predicted = host.run(check_mode=True)
    assert host.tree() == before and host.docker.calls == []
    done = host.run()
    assert [predicted[key] for key in ("changed", "removed", "remaining", "actions")] == [done[key] for key in ("changed", "removed", "remaining", "actions")]
    gone = {str(host.root / name) for name in set(before) - set(host.tree())}
    named = [entry for entry in done["removed"] if entry not in ENGINE]
    assert set(named) <= gone and all(any(path == name or path.startswith(f"{name}/") for name in named) for path in gone)
    assert done["removed"][:3] == ENGINE and done["remaining"] == [str(host.home / "notes.txt")]


@pytest.mark.parametrize("cut", ["container gone", "claim in the cache lost", "claim in the home lost", "minikube's folder gone", "state folder gone",
                                 "record lost", "kubeconfig empty", "engine empty"])
def test_partial_profile_is_removed(host, cut):
    host.make()
    lost = {"claim in the cache lost": host.claims / "runbook.json", "claim in the home lost": host.home / "claim.json",
            "record lost": host.home / "local_cluster.json"}
    if cut in lost:
        lost[cut].unlink()
    if cut == "container gone":
        host.docker.objects.discard(("container", "runbook"))
    if cut == "engine empty":
        host.docker.objects.clear()
    if cut == "kubeconfig empty":
        (host.home / "kubeconfig").write_text("")
    if cut == "minikube's folder gone":
        shutil.rmtree(host.home / ".minikube")
    if cut == "state folder gone":
        shutil.rmtree(host.home)
    assert host.run()["changed"]
    assert not host.home.exists() and host.docker.objects == set() and not (host.claims / "runbook.json").exists()
    assert not host.run()["changed"]


def test_interrupted_removal_of_the_first_version_is_completed(host):
    """The first version removed its ownership records before the files; then the record of the role identifies the owner."""
    host.make(in_engine=False)
    (host.claims / "runbook.json").unlink()
    (host.home / "claim.json").unlink()
    assert host.run()["changed"] and not host.home.exists()


def test_interrupted_removal_is_completed_by_the_next_run(host, monkeypatch):
    """After each single removal of a path in turn."""
    remaining = 0
    while True:
        host.make()
        budget = iter(range(remaining))
        with monkeypatch.context() as patched:
            for name in ("unlink", "rmdir"):
                patched.setattr(os, name, _until_spent(budget, getattr(os, name)))
            try:
                host.run()
                completed = True
            except _CutOff:
                completed = False
        assert host.run() is not None
        assert not host.home.exists() and not (host.claims / "runbook.json").exists(), remaining
        if completed:
            return
        remaining += 1


class _CutOff(BaseException):
    """The process is killed."""


def _until_spent(budget, call):
    def counted(*arguments, **options):
        if next(budget, None) is None:
            raise _CutOff
        return call(*arguments, **options)

    return counted


def test_folder_without_ownership_record_is_unchanged(host):
    """A folder without any profile, which was set by mistake."""
    project = host.user_home / "project"
    for name in ("src/main.py", "kubeconfig", "local_cluster.json", "claim.json", ".minikube/notes", ".minikube/ca.key"):
        write(project / name, "the user's")
    before = host.tree()
    result = host.run(minikube_home=str(project))
    assert not result["changed"] and host.tree() == before
    assert result["remaining"] == [str(project)] and str(project) in result["warnings"][0]


def test_foreign_files_in_the_home_are_kept_and_listed(host):
    host.make()
    foreign = [".minikube/certs/company-ca.pem", ".minikube/config/config.json", ".minikube/files/etc/hosts", "photos/one.jpg", "thesis.tex"]
    for name in foreign:
        write(host.home / name, "the user's")
    (host.home / "photos/two.jpg").symlink_to(host.user_home / "photos")
    result = host.run()
    left = contents(host.home)
    assert left == sorted([*foreign, "photos/two.jpg"])
    assert result["remaining"] == [str(host.home / name) for name in (
        ".minikube/certs/company-ca.pem", ".minikube/config/config.json", ".minikube/files/etc", "photos", "thesis.tex")]
    assert "thesis.tex" in result["warnings"][0] and host.docker.objects == set()
    again = host.run()
    assert not again["changed"] and contents(host.home) == left


def test_shared_files_are_kept_for_another_profile(host):
    home = host.make()
    write_minikube(home / ".minikube", "everyday")
    host.run()
    assert not (home / ".minikube/profiles/runbook").exists() and not (home / ".minikube/machines/runbook").exists()
    for name in ("profiles/everyday/config.json", "machines/everyday/id_rsa", "ca.key", "cache/linux/amd64/v1.33.1/kubelet"):
        assert (home / ".minikube" / name).exists(), name


def test_machines_of_all_nodes_are_removed(host):
    home = host.make()
    for name in ("runbook-m02", "runbook-m03", "runbook-more", "runbook2"):
        write(home / f".minikube/machines/{name}/id_rsa", "key")
    host.run()
    assert sorted(path.name for path in (home / ".minikube/machines").iterdir() if path.is_dir()) == ["runbook-more", "runbook2"]


def test_minikube_folder_as_home(host):
    """As MINIKUBE_HOME, which may end with .minikube."""
    home = host.user_home / "own/.minikube"
    write_minikube(home, "runbook")
    write(home / "claim.json", CLAIM)
    host.run(minikube_home=str(home))
    assert not home.exists() and home.parent.exists()


@pytest.mark.parametrize("link", [".minikube", ".minikube/profiles", ".minikube/profiles/runbook", ".minikube/machines", ".minikube/cache",
                                  ".minikube/cache/images", ".minikube/ca.key", "claim.json.old"])
def test_symbolic_links_are_neither_followed_nor_removed(host, link):
    home = host.make()
    outside = host.user_home / "elsewhere"
    inside = home / link
    outside.parent.mkdir(exist_ok=True)
    if inside.exists():
        shutil.move(inside, outside)
    else:
        write(outside, "the user's")
    inside.symlink_to(outside)
    before = host.tree()
    result = host.run()
    after = host.tree()
    assert inside.is_symlink() and str(inside) in result["remaining"]
    assert {name: text for name, text in after.items() if "elsewhere" in name} == {name: text for name, text in before.items() if "elsewhere" in name}


def test_home_folders_their_parents_and_links_are_refused(host):
    host.make()
    link = host.user_home / "link"
    link.symlink_to(host.home)
    for path in ("/", host.user_home, f"{host.user_home}/", host.user_home.parent, f"{host.home}/../../../..", host.user_home / "photos/.."):
        host.refused("minikube_home (local_cluster_state_dir) is a home folder", minikube_home=str(path))
    host.refused("is a symbolic link", f"Use the path it points to: {host.home}", minikube_home=str(link))
    host.refused("is a symbolic link", minikube_home=f"{link}/")


def test_linked_home_folder_is_refused(host):
    """$HOME reached through a link in the middle of the path."""
    (host.root / "users").symlink_to(host.root / "home")
    host.refused("is a home folder", minikube_home=str(host.root / "users/me"))


def test_home_folder_with_an_ownership_record_is_refused(host):
    host.make(home=host.user_home)
    host.refused("is a home folder", minikube_home=str(host.user_home))


@pytest.mark.parametrize("state", ["present", "restarted", "absent"])
@pytest.mark.parametrize("options, words", [
    ({"minikube_home": ""}, "minikube_home (local_cluster_state_dir) is empty"),
    ({"minikube_home": "  "}, "minikube_home (local_cluster_state_dir) is empty"),
    ({"minikube_home": "state"}, "minikube_home (local_cluster_state_dir) is relative"),
    ({"minikube_home": "../state"}, "minikube_home (local_cluster_state_dir) is relative"),
    ({"minikube_home": "$NOT_SET/state"}, "minikube_home (local_cluster_state_dir) is relative"),
    ({"minikube_home": "~"}, "minikube_home (local_cluster_state_dir) is a home folder"),
    ({"minikube_home": "~/thesis.tex"}, "minikube_home (local_cluster_state_dir) is not a folder"),
    ({"kubeconfig": ""}, "kubeconfig is empty"),
    ({"kubeconfig": "config"}, "kubeconfig is relative"),
    ({"kubeconfig": "/"}, "kubeconfig is a home folder"),
    ({"kubeconfig": "~/.kube"}, "kubeconfig is a folder"),
    ({"ownership_dir": ""}, "ownership_dir (a folder in local_cluster_cache_dir) is empty"),
    ({"ownership_dir": "claims"}, "ownership_dir (a folder in local_cluster_cache_dir) is relative"),
])
def test_invalid_paths_are_refused_for_every_state(host, state, options, words):
    host.refused(words, "Nothing was changed.", state=state, **options)


@pytest.mark.parametrize("state", ["present", "restarted", "absent"])
@pytest.mark.parametrize("name", ["", ".", "..", "../me", "a/b", "/", "a", "-a", "a-", "a..b", ".a", "a.", "a_b", "a b", "runbook\n", "a;b", "a*", "ä1"])
def test_invalid_names_are_refused_for_every_state(host, state, name):
    host.refused("The option name (local_cluster_profile) is not a valid name of a Minikube profile", state=state, name=name)


@pytest.mark.parametrize("name", ["ab", "runbook", "runbook-test", "a.b", "v1.2-x.y", "A1", "0a"])
def test_valid_names_are_accepted(host, name):
    assert host.run(name=name)["changed"] is False


def test_profile_created_with_minikube_alone_is_not_removed(host):
    """A MINIKUBE_HOME of the user, on another disk, with a cluster in use."""
    home = host.root / "disk"
    write_minikube(home / ".minikube", "everyday")
    host.docker.objects |= {(kind, "everyday") for kind in ("container", "volume", "network")}
    host.refused("was not created by this module", "minikube delete -p everyday", name="everyday", minikube_home=str(home))


def test_home_of_another_profile_is_refused(host):
    big = host.make("big", host.user_home / "big")
    host.refused("belongs to the profile big", minikube_home=str(big))
    (big / "local_cluster.json").unlink()
    host.refused("belongs to the profile big", minikube_home=str(big))
    (big / "claim.json").write_text(CLAIM.replace("}", ', "name": "big", "home": ""}'))
    shutil.rmtree(big / ".minikube")
    host.refused("belongs to the profile big", minikube_home=str(big))


def test_wrong_home_removes_nothing(host):
    host.make()
    claim = json.dumps({**json.loads(CLAIM), "name": "runbook", "home": str(host.home)})
    write(host.home / "claim.json", claim)
    write(host.claims / "runbook.json", claim)
    host.refused(f"files of the profile runbook are in {host.home}", minikube_home=str(host.user_home / "elsewhere"))
    host.refused(f"files of the profile runbook are in {host.home}", minikube_home=str(host.user_home / "photos"))


def test_foreign_kubeconfig_is_unchanged(host):
    host.make()
    own = host.user_home / ".kube/config"
    others = [kubeconfig("production", host.root), kubeconfig("runbook", host.user_home / ".minikube")]
    broken = ["no kubeconfig", "- a\n- list\n", "clusters: 5\n", "clusters: [{name: runbook, cluster: text}]\n", "a: [b"]
    for content in (*broken, *map(yaml.safe_dump, others)):
        host.make()
        own.write_text(content)
        host.run(kubeconfig=str(own))
        assert own.read_text() == content


def test_only_own_entries_are_removed_from_a_shared_kubeconfig(host):
    home = host.make()
    ours, theirs = kubeconfig("runbook", home / ".minikube"), kubeconfig("production", host.root)
    for file in (host.user_home / ".kube/config", home / "kubeconfig"):
        host.make()
        file.write_text(yaml.safe_dump({**theirs, **{key: ours[key] + theirs[key] for key in ("clusters", "contexts", "users")}}))
        file.chmod(0o600)
        predicted = host.run(check_mode=True, kubeconfig=str(file))
        done = host.run(kubeconfig=str(file))
        assert yaml.safe_load(file.read_text()) == theirs and file.stat().st_mode & 0o777 == 0o600
        assert predicted["removed"] == done["removed"] and f"context runbook in {file}" in done["removed"]


def test_kubeconfig_outside_of_the_home_is_kept(host):
    home = host.make()
    own = host.user_home / ".kube/config"
    own.write_text(yaml.safe_dump(kubeconfig("runbook", home / ".minikube")))
    host.run(kubeconfig=str(own))
    rest = yaml.safe_load(own.read_text())
    assert (rest["clusters"], rest["contexts"], rest["users"], rest["current-context"]) == ([], [], [], "")


def test_linked_kubeconfig_is_refused(host):
    link = host.user_home / "link"
    link.symlink_to(host.user_home / ".kube/config")
    host.refused("kubeconfig is a symbolic link", str(host.user_home / ".kube/config"), kubeconfig=str(link))


@pytest.mark.parametrize("name, suffix", [("package", ".json"), ("poetry", ".lock")])
def test_foreign_files_with_the_name_of_records_are_kept(host, name, suffix):
    project = host.user_home / "project"
    file = write(project / f"{name}{suffix}", '{"version": 1}\n')
    write(host.home / "claim.json", CLAIM)
    host.run(name=name, ownership_dir=str(project))
    assert file.read_text() == '{"version": 1}\n'


def test_failed_removal_is_reported_and_completed_by_the_next_run(host, monkeypatch):
    host.make()

    def refuse(_path, **_options):
        raise OSError(13, "Permission denied", str(host.home / ".minikube/ca.key"))

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.unlink", refuse)
        result = host.run()
    assert result["failed"] and "ca.key cannot be used: Permission denied" in result["msg"]
    assert host.run()["changed"] and not host.home.exists()
