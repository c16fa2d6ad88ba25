# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which cluster may be changed, and the messages if none may."""

from __future__ import annotations

import base64
import copy
import hashlib
import os

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.kubeconfig import Kubeconfig, ca_fingerprints, load, search_path
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.observe import minikube_profiles
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.options import AllowedContext, TargetOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.plan import select_target

MARK = {"name": "cluster_info", "extension": {"provider": "minikube.sigs.k8s.io", "version": "v1.36.0"}}
HOME = "/home/me/.minikube"
# A fingerprint is of the bytes: what they encode is not looked at.
CA, OTHER_CA = (f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n" for text in ("bm8gcmVhbCBjZXJ0aWZpY2F0ZQ==", "YW5vdGhlciBvbmU="))
CA_FINGERPRINT = hashlib.sha256(b"no real certificate").hexdigest().upper()
CA_FINGERPRINT = ":".join(CA_FINGERPRINT[place : place + 2] for place in range(0, 64, 2))
CONTENT = {
    "current-context": "prod",
    "clusters": [
        {
            "name": "minikube",
            "cluster": {"server": "https://192.168.49.2:8443", "certificate-authority": f"{HOME}/ca.crt", "extensions": [MARK]},
        },
        {"name": "prod", "cluster": {"server": "https://prod.example.com"}},
    ],
    "users": [
        {
            "name": "minikube",
            "user": {"client-certificate": f"{HOME}/profiles/minikube/client.crt", "client-key": f"{HOME}/profiles/minikube/client.key"},
        },
        {"name": "prod", "user": {"token": "planted-token"}},
    ],
    "contexts": [
        {"name": "minikube", "context": {"cluster": "minikube", "user": "minikube", "namespace": "todo"}},
        {"name": "prod", "context": {"cluster": "prod", "user": "prod", "extensions": [{**MARK, "name": "context_info"}]}},
        {"name": "dangling", "context": {"cluster": "nowhere", "user": "prod"}},
    ],
}


@pytest.fixture
def content():
    return copy.deepcopy(CONTENT)


def decide(content, context, allowed=(), profiles=None, environ=None):
    kubeconfig = Kubeconfig()
    kubeconfig.add("/home/me/.kube/config", content)
    return select_target(kubeconfig, context, [AllowedContext.of(entry) for entry in allowed], profiles or {}, environ or {}, ca_fingerprints)


def test_a_minikube_profile(content):
    target = decide(content, "minikube", profiles={"minikube": HOME})
    assert (target.is_minikube, target.profile, target.minikube_home, target.namespace) == (True, "minikube", HOME, "todo")
    assert str(target) == "context minikube (Minikube profile minikube) at https://192.168.49.2:8443"
    assert target.minikube == f"MINIKUBE_HOME={HOME} minikube -p minikube"


def test_without_the_mark_its_certificates_prove_it(content):
    del content["clusters"][0]["cluster"]["extensions"]
    assert decide(content, "minikube", profiles={"minikube": HOME}).is_minikube
    with pytest.raises(RunbookError, match="not a Minikube profile"):
        decide(content, "minikube", profiles={"minikube": "/home/other/.minikube"})
    with pytest.raises(RunbookError, match="not a Minikube profile"):
        decide(content, "minikube")


def test_a_profile_of_the_same_name_proves_nothing(content):
    with pytest.raises(RunbookError, match="not a Minikube profile"):
        decide(content, "prod", profiles={"prod": HOME})


def test_a_mark_on_an_unchecked_server_proves_nothing(content):
    content["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    with pytest.raises(RunbookError, match="not a Minikube profile"):
        decide(content, "minikube", profiles={"minikube": HOME})


def test_a_mark_on_the_context_alone_is_refused_and_the_message_has_the_option_that_allows_it(content):
    with pytest.raises(RunbookError, match=r"runbook_allowed_contexts: \[prod\]") as refused:
        decide(content, "prod")
    assert "https://prod.example.com" in str(refused.value)


def test_allowed_by_name(content):
    target = decide(content, "prod", allowed=["prod"])
    assert (target.is_minikube, target.profile, target.minikube_home, target.namespace) == (False, None, None, "default")
    with pytest.raises(RunbookError, match="not a Minikube profile"):
        decide(content, "prod", allowed=["minikube", "pro"])


SERVER = {"name": "prod", "server": "https://prod.example.com"}
OTHER_SERVER = {"name": "prod", "server": "https://test.example.com"}


@pytest.mark.parametrize(
    "server", ["https://prod.example.com", "https://PROD.example.com/", "https://prod.example.com:443", " https://prod.example.com"]
)
def test_allowed_at_its_server(content, server):
    assert decide(content, "prod", allowed=[{"name": "prod", "server": server}]).server == "https://prod.example.com"


@pytest.mark.parametrize("server", ["http://prod.example.com", "https://prod.example.com:6443", "https://prod.example.com.evil.org", "https://x/prod"])
def test_a_context_of_the_same_name_at_another_server_is_refused(content, server):
    content["clusters"][1]["cluster"]["server"] = server
    with pytest.raises(RunbookError, match="is allowed at https://prod.example.com only, and is at") as refused:
        decide(content, "prod", allowed=[SERVER])
    assert "Nothing was changed." in str(refused.value)
    assert refused.value.facts == {"context": "prod", "server": server}


def test_a_name_may_be_allowed_at_several_servers(content):
    assert decide(content, "prod", allowed=[OTHER_SERVER, SERVER])
    assert decide(content, "prod", allowed=[OTHER_SERVER, "prod"])
    with pytest.raises(RunbookError, match="https://test.example.com only"):
        decide(content, "prod", allowed=["other", OTHER_SERVER])


def test_a_profile_that_is_bound_to_a_server_is_that_one(content):
    with pytest.raises(RunbookError, match="context minikube is allowed at https://192.168.49.3:8443 only"):
        decide(content, "minikube", profiles={"minikube": HOME}, allowed=[{"name": "minikube", "server": "https://192.168.49.3:8443"}])


def test_the_message_has_the_server_to_bind_to(content):
    with pytest.raises(RunbookError, match=r"\{name: prod, server: 'https://prod.example.com'\}"):
        decide(content, "prod")


@pytest.mark.parametrize("in_file", [False, True])
def test_allowed_with_its_certificate_authority(content, tmp_path, in_file):
    entry = content["clusters"][1]["cluster"]
    if in_file:
        (tmp_path / "ca.crt").write_text(CA)
        entry["certificate-authority"] = str(tmp_path / "ca.crt")
    else:
        entry["certificate-authority-data"] = base64.b64encode(CA.encode()).decode()
    assert decide(content, "prod", allowed=[{"name": "prod", "ca_fingerprint": CA_FINGERPRINT}])
    assert decide(content, "prod", allowed=[{"name": "prod", "ca_fingerprint": CA_FINGERPRINT.lower().replace(":", "")}])
    assert decide(content, "prod", allowed=[{**SERVER, "ca_fingerprint": CA_FINGERPRINT}])
    for other in ({"name": "prod", "ca_fingerprint": "00:" + CA_FINGERPRINT[3:]}, {**OTHER_SERVER, "ca_fingerprint": CA_FINGERPRINT}):
        with pytest.raises(RunbookError, match="is allowed"):
            decide(content, "prod", allowed=[other])


@pytest.mark.parametrize(
    "cluster",
    [
        {},
        {"certificate-authority": "/does/not/exist"},
        {"certificate-authority-data": "no base64"},
        {"certificate-authority-data": base64.b64encode(b"no certificate").decode()},
        {"certificate-authority-data": base64.b64encode((CA + OTHER_CA).encode()).decode()},
        {"certificate-authority-data": base64.b64encode(CA.encode()).decode(), "insecure-skip-tls-verify": True},
    ],
)
def test_what_does_not_prove_the_certificate_authority(content, cluster):
    content["clusters"][1]["cluster"].update(cluster)
    with pytest.raises(RunbookError, match=f"is allowed with the certificate authority {CA_FINGERPRINT} only"):
        decide(content, "prod", allowed=[{"name": "prod", "ca_fingerprint": CA_FINGERPRINT}])


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"server": "https://x"}, r"allowed_contexts\[1\]: needs name"),
        ({"name": "prod", "serve": "https://x"}, r"allowed_contexts\[1\]: has unknown keys: serve; known are name, server, ca_fingerprint"),
        ({"name": "prod", "ca_fingerprint": "SHA1:00"}, r"allowed_contexts\[1\].ca_fingerprint: must be a SHA-256 fingerprint"),
        ({"name": "prod", "server": "prod.example.com"}, r"allowed_contexts\[1\].server: must be the URL of an API server"),
        ({"name": "prod", "server": None}, r"allowed_contexts\[1\].server: must be the URL"),
        ('[{"name": "prod"', r"allowed_contexts\[1\]: must be a name, or a mapping"),
        (7, r"allowed_contexts\[1\]: must be a name, or a mapping"),
    ],
)
def test_an_invalid_entry_is_refused(entry, problem):
    params = {"kubeconfig": None, "context": "prod", "allowed_contexts": ["prod", entry], "minikube_homes": []}
    with pytest.raises(RunbookError, match=problem):
        TargetOptions.of(params)


@pytest.mark.parametrize("nothing", [None, ""])
def test_the_current_context_is_never_used(content, nothing):
    with pytest.raises(RunbookError, match="No context is set") as refused:
        decide(content, nothing)
    assert "minikube (Minikube), prod, dangling" in str(refused.value)
    assert refused.value.facts["contexts"] == ["minikube", "prod", "dangling"]


def test_a_mistyped_context(content):
    with pytest.raises(RunbookError, match="did you mean minikube"):
        decide(content, "minkube")


def test_a_context_without_a_cluster(content):
    with pytest.raises(RunbookError, match="refers to the cluster 'nowhere', which has no server"):
        decide(content, "dangling", allowed=["dangling"])


def test_a_server_from_the_environment_is_refused(content):
    with pytest.raises(RunbookError, match="K8S_AUTH_HOST"):
        decide(content, "minikube", environ={"K8S_AUTH_HOST": "https://prod.example.com"})


def test_no_credential_is_stored(content):
    kubeconfig = Kubeconfig()
    kubeconfig.add("/x", content)
    assert "planted-token" not in repr(kubeconfig)


def test_where_the_files_are_searched():
    environ = {"KUBECONFIG": "/a:/b", "K8S_AUTH_KUBECONFIG": "/c"}
    assert search_path("/d", environ) == ("/d", "option kubeconfig")
    assert search_path("", environ) == ("/c", "K8S_AUTH_KUBECONFIG")
    assert search_path(None, {"KUBECONFIG": "/a:/b"}) == ("/a:/b", "KUBECONFIG")
    assert search_path(None, {}) == ("~/.kube/config", "default")


def test_several_files_the_first_one_wins(tmp_path, content):
    first = {"clusters": [{"name": "prod", "cluster": {"server": "https://first", "certificate-authority": "ca.crt"}}]}
    (tmp_path / "first").write_text(yaml.safe_dump(first))
    (tmp_path / "second").write_text(yaml.safe_dump(content))
    merged = load(os.pathsep.join([str(tmp_path / "first"), str(tmp_path / "missing"), str(tmp_path / "second")]), {})
    assert merged.clusters["prod"].server == "https://first"
    assert merged.clusters["prod"].certificate == str(tmp_path / "ca.crt")
    assert merged.joined == f"{tmp_path}/first:{tmp_path}/second"


@pytest.mark.parametrize(
    ("text", "words"), [("a: [", "not valid YAML"), ("- a", "is not a mapping"), ("token: planted\n x: planted", "not valid YAML")]
)
def test_a_broken_file(tmp_path, text, words):
    (tmp_path / "config").write_text(text)
    with pytest.raises(RunbookError, match=words) as refused:
        load(str(tmp_path / "config"), {})
    assert "planted" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_empty_file_has_no_contexts(tmp_path):
    (tmp_path / "config").write_text("")
    with pytest.raises(RunbookError, match=r"Contexts in .*: none"):
        select_target(load(str(tmp_path / "config"), {}), "minikube", [], {}, {}, ca_fingerprints)


def test_no_file_at_all(tmp_path):
    with pytest.raises(RunbookError, match=r"No kubeconfig found at .*nothing \(KUBECONFIG\)"):
        load(None, {"KUBECONFIG": str(tmp_path / "nothing")})


def test_profiles_are_found_in_both_forms_of_a_home(tmp_path):
    for folder in ("a/.minikube/profiles/one", "b/profiles/two", "b/profiles/half-deleted"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("a/.minikube/profiles/one", "b/profiles/two"):
        (tmp_path / folder / "config.json").write_text("{}")
    assert minikube_profiles([str(tmp_path / "a"), str(tmp_path / "b")], {}) == {"one": f"{tmp_path}/a/.minikube", "two": f"{tmp_path}/b"}
    assert minikube_profiles([], {"MINIKUBE_HOME": str(tmp_path / "b")}) == {"two": f"{tmp_path}/b"}
