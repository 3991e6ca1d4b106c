"""The operations part of a service, on billing: what operators see, decide, and leave on record."""

from __future__ import annotations

import uuid
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import exc, text

from shared.db import Database
from shared.messaging import parking, signs
from shared.messaging.batches import handle_parked
from tests.billing.conftest import Inbox, SignIn
from tests.support.statements import statements

CONFIRMED = "booking.booking_confirmed.v1"
REGISTERED = "guichet.startup_registered.v1"
PERSON = {"name": "Salma Idrissi", "email": "salma@startup.example", "phone": "+212661234567"}
API = "/billing/api/v1/operations"


@pytest.fixture
def operator(sign_in: SignIn) -> FlaskClient:
    return sign_in(roles=("operator",))


@pytest.fixture
def parked(inbox: Inbox, billing: Database) -> list[uuid.UUID]:
    """Two charges that could not be made: the handler failed, and is mended now."""
    startup = inbox.startup()
    with billing.transaction() as session:
        session.execute(text("ALTER TABLE charges RENAME TO charges_gone"))
    ids = [uuid4(), uuid4()]
    try:
        for event_id in ids:
            inbox.booking_confirmed(startup["startup_id"], event_id)
    finally:
        with billing.transaction() as session:
            session.execute(text("ALTER TABLE charges_gone RENAME TO charges"))
    return sorted(ids)


def _drain(inbox: Inbox, billing: Database) -> int:
    """Do what the worker does when it is woken, twice at once."""
    with billing.transaction() as session:
        asked = [*parking.to_replay(session)] * 2
    return sum(handle_parked(billing, inbox.subscriptions, event) for event in asked)


def _charges(billing: Database) -> int:
    with billing.read() as session:
        return int(session.execute(text("SELECT count(*) FROM charges")).scalar_one())


def _page(client: FlaskClient, path: str, **kwargs: Any) -> Any:
    return client.open(path, headers={"Accept": "text/html", "Accept-Language": "en"}, **kwargs)


def test_what_is_parked_is_said_in_startups_terms_with_a_fixed_number_of_queries(
    operator: FlaskClient, parked: list[uuid.UUID], billing: Database
) -> None:
    fragment = _page(operator, "/billing/fragments/operations").text
    assert "2 charges not made, so their invoices cannot be created" in fragment
    assert "No worker has shown itself yet" in fragment
    with billing.transaction() as session:
        for kind in ("worker", "relay"):
            session.connection().exec_driver_sql(signs.GIVE, signs.parameters(kind))
        session.execute(
            text("UPDATE signs_of_life SET seen_at = now() - interval '1 min' WHERE kind = 'relay'")
        )
    told = operator.get(API, headers={"Accept-Language": "en"}).get_json()
    parts = {part["key"]: part["text"] for part in told["parts"]}
    assert parts["worker"] == "1 worker is running"
    assert parts["relay"].startswith("No relay has shown itself since ")
    with statements(billing) as few:
        _page(operator, "/billing/fragments/operations")
    with billing.transaction() as session:
        session.execute(
            text(
                "INSERT INTO parked_events (event_id, type, body, error, attempts)"
                " SELECT gen_random_uuid(), 'kind.' || n % 60, '{}', 'x', 1 FROM generate_series(1, 300) n"
            )
        )
    with statements(billing) as many:
        _page(operator, "/billing/fragments/operations")
    assert len(few) == len(many) <= 8


def test_replay_on_the_page_has_the_handler_run_once(
    operator: FlaskClient, parked: list[uuid.UUID], inbox: Inbox, billing: Database
) -> None:
    shown = _page(operator, f"/billing/operations/parked/{parked[0]}").text
    assert "casablanca-atlas" in shown
    answer = _page(operator, f"/billing/operations/parked/{parked[0]}/replay", method="POST")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/guichet/operations")
    assert _drain(inbox, billing) == 1
    assert _charges(billing) == 1
    again = _page(operator, f"/billing/operations/parked/{parked[0]}/replay", method="POST")
    assert again.status_code == 409
    assert "replayed meanwhile" in again.text
    (decision,) = operator.get(f"{API}/decisions").get_json()["items"]
    assert (decision["actor_name"], decision["via"], decision["action"], decision["events"]) == (
        *("S. El Amrani", "page", "replay", 1),
    )
    assert decision["event_id"] == str(parked[0])


def test_all_of_a_kind_are_replayed_once_and_a_repeated_call_changes_nothing(
    operator: FlaskClient, parked: list[uuid.UUID], inbox: Inbox, billing: Database
) -> None:
    call: dict[str, Any] = {"json": {"type": CONFIRMED}, "headers": {"Idempotency-Key": "k-1"}}
    assert operator.post(f"{API}/replays", **call).get_json() == {"events": 2}
    assert _drain(inbox, billing) == 2
    assert _charges(billing) == 2
    assert operator.post(f"{API}/replays", **call).headers["Idempotency-Replayed"] == "true"
    assert operator.post(f"{API}/replays", json={"type": CONFIRMED}).status_code == 409
    assert operator.post(f"{API}/replays", json={}).get_json()["errors"][0]["field"] == "event_id"
    assert (
        _page(operator, "/billing/operations/replays", method="POST", data={"type": CONFIRMED}).status_code
        == 409
    )
    assert operator.get(f"{API}/parked").get_json() == {"items": [], "next_cursor": None}


def test_a_discard_needs_a_reason_which_is_kept_for_good(
    operator: FlaskClient, parked: list[uuid.UUID], billing: Database
) -> None:
    path = f"/billing/operations/parked/{parked[0]}/discard"
    refused = _page(operator, path, method="POST", data={"reason": "  "})
    assert refused.status_code == 422
    assert "Say why" in refused.text
    missing = operator.post(f"{API}/discards", json={"event_id": str(parked[0])})
    assert missing.get_json()["errors"][0]["field"] == "reason"
    assert len(operator.get(f"{API}/parked").get_json()["items"]) == 2
    assert _page(operator, path, method="POST", data={"reason": "booked twice"}).status_code == 303
    body = {"event_id": str(parked[1]), "reason": "a test"}
    assert operator.post(f"{API}/discards", json=body).status_code == 204
    assert operator.post(f"{API}/discards", json=body).status_code == 409
    assert operator.post(f"{API}/discards", json=body | {"event_id": str(uuid4())}).status_code == 404
    decisions = operator.get(f"{API}/decisions").get_json()["items"]
    assert [(one["action"], one["via"], one["reason"]) for one in decisions] == [
        ("discard", "api", "a test"),
        ("discard", "page", "booked twice"),
    ]
    assert "booked twice" in _page(operator, "/billing/operations/decisions").text
    for statement in ("UPDATE operations_audit SET reason = ''", "DELETE FROM operations_audit"):
        with pytest.raises(exc.DBAPIError, match="only ever added to"), billing.transaction() as session:
            session.execute(text(statement))


def test_nobody_is_named_on_a_page_in_an_answer_or_in_a_log(
    operator: FlaskClient, inbox: Inbox, billing: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    event_id = uuid4()
    data = {
        "startup_id": "not-an-id",
        "legal_name": "Salma Idrissi",
        "contacts": [PERSON],
        "note": "CIN BK123456",
    }
    inbox.receive(REGISTERED, data, event_id)
    with billing.transaction() as session:
        parking.park(
            session,
            event_id=uuid4(),
            event_type="undecodable",
            subject=None,
            body=b"Salma Idrissi +212661234567",
            error="rejected as undecodable: the body is not JSON",
            attempts=0,
        )
    seen = [
        _page(operator, path).text
        for path in (
            "/billing/fragments/operations",
            "/billing/operations/parked",
            f"/billing/operations/parked/{event_id}",
        )
    ]
    events = operator.get(f"{API}/parked").get_json()["items"]
    assert len(events) == 2
    seen += [operator.get(f"{API}/parked/{event['event_id']}").text for event in events]
    logged = capfd.readouterr()
    for told in (*seen, logged.out, logged.err):
        for secret in ("Salma", "Idrissi", "salma@", "661234567", "BK123456"):
            assert secret not in told


def test_only_operators_come_in(sign_in: SignIn, parked: list[uuid.UUID]) -> None:
    manager = sign_in(roles=("site_manager",))
    event = str(parked[0])
    for path in (
        "fragments/operations",
        "operations/parked",
        f"operations/parked/{event}",
        "operations/decisions",
    ):
        assert _page(manager, f"/billing/{path}").status_code == 403
    for path in (f"parked/{event}/replay", f"parked/{event}/discard", "replays"):
        assert _page(manager, f"/billing/operations/{path}", method="POST").status_code == 403
    for path in ("", "/parked", f"/parked/{event}", "/decisions"):
        assert manager.get(API + path).status_code == 403
    assert manager.post(f"{API}/replays", json={"type": CONFIRMED}).status_code == 403
    assert manager.post(f"{API}/discards", json={"event_id": event, "reason": "x"}).status_code == 403
