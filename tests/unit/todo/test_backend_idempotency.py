# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which requests to the example's backend are the same one, and how duplicates are counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from load_file import load_file

BACKEND = Path(__file__).resolve().parents[3] / "examples/todo/backend"
idempotency = load_file("todo_backend_idempotency", BACKEND / "idempotency.py")
metrics = load_file("todo_backend_metrics", BACKEND / "metrics.py")
duplicates = load_file("todo_audit_duplicates", BACKEND.parent / "services/audit-service/duplicates.py")

ROUTE = "POST /api/tasks"
BODY = {"title": "Milk", "description": "two litres"}


def request(**other):
    return idempotency.keyed_request(**{"user_id": "user", "route": ROUTE, "idempotency_key": "key", "body": BODY, **other})


def identity(one) -> tuple:
    return one.user_id, one.route, one.key


@pytest.mark.parametrize("other", [{"user_id": "another"}, {"route": "POST /api/chat"}, {"idempotency_key": "another"}])
def test_a_request_is_known_by_its_user_its_route_and_its_key(other):
    assert identity(request(**other)) != identity(request())


def test_another_body_is_not_another_request_but_has_another_hash():
    other = request(body={"title": "Bread"})
    assert identity(other) == identity(request()) and other.body_hash != request().body_hash


def test_the_order_of_a_body_does_not_matter():
    assert request(body=dict(reversed(BODY.items()))) == request()


def test_without_a_key_the_body_is_the_key_for_a_shorter_time():
    same, other = request(idempotency_key=None), request(idempotency_key=None, body={"title": "Bread"})
    assert identity(same) == identity(request(idempotency_key=None)) != identity(other)
    assert same.kept < request().kept


def test_no_key_of_a_client_is_that_of_a_body():
    assert identity(request(idempotency_key=f"body:{request().body_hash}")) != identity(request(idempotency_key=None))


def test_a_body_may_hold_any_text():
    assert request(body={"title": "\ud800\u2713\U0001f600"}).body_hash


@pytest.mark.parametrize(("body_hash", "response", "known"), [
    (request().body_hash, "{}", "ANSWERED"),
    (request().body_hash, "", "ANSWERED"),
    (request().body_hash, None, "IN_FLIGHT"),
    ("another", "{}", "OTHER_BODY"),
    ("another", None, "OTHER_BODY"),
])
def test_what_a_repeated_request_gets(body_hash, response, known):
    assert idempotency.known_as(request(), body_hash, response).name == known


def test_duplicates_are_counted_alike_in_every_service():
    counter = metrics.duplicates("event")
    for count in range(3):
        assert counter.text() == duplicates.text()
        assert counter.text().endswith(f'\ntodo_duplicates_total{{layer="event"}} {count}\n')
        counter.increment()
        duplicates.increment()
