# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a kubeconfig is a credential, and what of it people may see."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.credentials import content_of, without_credentials
from ansible_collections.runbook.minikube.plugins.module_utils.masking import HIDDEN, taken_out


def user(**content) -> dict:
    return {"users": [{"name": "u", "user": content}]}


def credentials(kubeconfig) -> set[str]:
    return set(taken_out(kubeconfig, without_credentials(kubeconfig)))


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


def test_all_else_stays_as_it_is():
    given = {"apiVersion": "v1", "current-context": "a", "clusters": [{"name": "a", "cluster": {"server": "https://a", "certificate-authority-data": "x"}}],
             "contexts": [{"name": "a", "context": {"cluster": "a", "user": "u"}}], **user(token="s3cret")}  # fmt: skip
    assert without_credentials(given) == {**given, "users": [{"name": "u", "user": {"token": HIDDEN}}]}


@pytest.mark.parametrize("kubeconfig", [None, "/home/me/.kube/config", {}])
def test_nothing_to_hide(kubeconfig):
    assert without_credentials(kubeconfig) == kubeconfig


@pytest.mark.parametrize("wrong", [{"users": "x"}, {"users": [{"user": {"exec": "x", "auth-provider": ["x"]}}]}, {"users": [{"user": {"exec": {"env": "x"}}}]}])
def test_what_is_no_kubeconfig_does_not_stop_it(wrong):
    assert without_credentials(wrong)


@pytest.mark.parametrize("text", ["users:\n- user: {token: s3cret}\n", '{"users": [{"user": {"token": "s3cret"}}]}'])
def test_the_text_of_a_kubeconfig_in_the_place_of_its_path(text):
    assert without_credentials(text) == HIDDEN
    assert credentials(content_of(text)) == {"s3cret"}


def test_a_text_that_cannot_be_read_is_hidden_as_a_whole():
    assert content_of("users: [\n") == "users: [\n"
