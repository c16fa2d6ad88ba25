# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which parts of a kubeconfig are credentials, and which may be printed."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.credentials import parse_kubeconfig, redact_kubeconfig
from ansible_collections.runbook.minikube.plugins.module_utils._internal.masking import HIDDEN, hidden_texts


def user(**content) -> dict:
    return {"users": [{"name": "u", "user": content}]}


def credentials(kubeconfig) -> set[str]:
    return set(hidden_texts(kubeconfig, redact_kubeconfig(kubeconfig)))


@pytest.mark.parametrize(("content", "secrets"), [
    ({"token": "s3cret"}, {"s3cret"}),
    ({"username": "me", "password": "s3cret"}, {"s3cret"}),
    ({"password": 12345678}, {"12345678"}),
    ({"client-certificate-data": "public", "client-key-data": "s3cret"}, {"s3cret"}),
    ({"client-certificate": "/a.crt", "client-key": "/a.key", "tokenFile": "/a.token"}, set()),
    ({"auth-provider": {"name": "oidc", "config": {"refresh-token": "s3cret", "client-id": "public", "idp-issuer-url": "https://x"}}}, {"s3cret"}),
    ({"auth-provider": {"name": "another", "config": {"session": "s3cret"}}}, {"s3cret"}),
    ({"auth-provider": {"name": "oidc", "config": None}}, set()),
    ({"exec": {"command": "aws", "args": None, "env": [{"name": "AWS_SECRET", "value": "s3cret"}]}}, {"s3cret"}),
    ({"exec": {"command": "kubelogin", "args": ["get-token", "--client-secret", "s3cret", "--server-id", "public"]}}, {"s3cret"}),
    ({"exec": {"command": "kubelogin", "args": ["--token=s3cret", "get-token"]}}, {"--token=s3cret"}),
])  # fmt: skip
def test_the_credentials_of_a_user(content, secrets):
    assert credentials(user(**content)) == secrets


def test_a_password_in_the_url_of_a_proxy():
    clusters = [{"cluster": {"proxy-url": "http://me:s3cret@proxy:3128"}}, {"cluster": {"proxy-url": "http://proxy:3128"}}]
    assert credentials({"clusters": clusters}) == {"http://me:s3cret@proxy:3128"}


def test_everything_else_is_unchanged():
    clusters = [{"name": "a", "cluster": {"server": "https://a", "certificate-authority-data": "x"}}]
    contexts = [{"name": "a", "context": {"cluster": "a", "user": "u"}}]
    content = {"apiVersion": "v1", "current-context": "a", "clusters": clusters, "contexts": contexts, **user(token="s3cret")}
    assert redact_kubeconfig(content) == {**content, "users": [{"name": "u", "user": {"token": HIDDEN}}]}


@pytest.mark.parametrize("kubeconfig", [None, "/home/me/.kube/config", {}])
def test_nothing_to_hide(kubeconfig):
    assert redact_kubeconfig(kubeconfig) == kubeconfig


@pytest.mark.parametrize("wrong", [{"users": "x"}, {"users": [{"user": {"exec": "x", "auth-provider": ["x"]}}]}, {"users": [{"user": {"exec": {"env": "x"}}}]}])
def test_malformed_kubeconfigs_are_accepted(wrong):
    assert redact_kubeconfig(wrong)


@pytest.mark.parametrize("text", ["users:\n- user: {token: s3cret}\n", '{"users": [{"user": {"token": "s3cret"}}]}'])
def test_kubeconfig_content_instead_of_a_path(text):
    assert redact_kubeconfig(text) == HIDDEN
    assert credentials(parse_kubeconfig(text)) == {"s3cret"}


def test_unparsable_content_is_hidden_as_a_whole():
    assert parse_kubeconfig("users: [\n") == "users: [\n"
