"""What is done on the request's own page while its dossier is with an agency."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from deploy.local.standins.agency import AgencyServer
from services.guichet.channels.dispatch import Dispatcher
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.deliveries.conftest import Through
from tests.guichet.deliveries.test_api_channel import TOLD, call
from tests.guichet.deliveries.test_courier import BORDEREAUX, DESK, Clerk

Found = Callable[[dict[str, Any]], dict[str, Any]]
MISSING = {"items": [{"note": "Copie illisible."}]}


def act(manager: Caller, request: dict[str, Any], action: str, body: object = None) -> None:
    answer = manager.post(f"/requests/{request['id']}/{action}", body or {})
    assert answer.status_code == 200, answer.text


def test_what_the_counter_asked_for_itself_goes_to_the_agency_when_it_has_come(
    manager: Caller, through: Through, dispatcher: Dispatcher, agency: AgencyServer, delivery: Found
) -> None:
    request = through("api")
    dispatcher.deliver()
    first = delivery(request)
    act(manager, request, "start")
    act(manager, request, "complement", MISSING)
    asked = delivery(request)
    assert (asked["id"], asked["state"], asked["answer"]["kind"]) == (first["id"], "answered", "returned")
    act(manager, request, "complement/received")
    again = delivery(request)
    assert (again["state"], again["id"] != first["id"]) == ("due", True)
    dispatcher.deliver()
    assert {one["key"] for one in agency.records.listed({})} == {first["id"], again["id"]}


def test_a_dossier_left_open_by_an_earlier_release_does_not_keep_the_completion_out(
    manager: Caller, through: Through, dispatcher: Dispatcher, counter: Database, delivery: Found
) -> None:
    request = through("api")
    dispatcher.deliver()
    act(manager, request, "start")
    act(manager, request, "complement", MISSING)
    with counter.transaction() as session:
        session.execute(text("UPDATE deliveries SET state = 'sent', answered_at = NULL"))
    act(manager, request, "complement/received")
    assert delivery(request)["state"] == "due"


def test_an_agency_is_not_asked_about_a_request_that_was_withdrawn(
    manager: Caller, through: Through, dispatcher: Dispatcher, agency: AgencyServer, delivery: Found
) -> None:
    request = through("api")
    dispatcher.deliver()
    act(manager, request, "withdraw", {"reason": "Erreur."})
    assert delivery(request)["state"] == "cancelled"
    agency.decide(request["number"], status="completed")
    dispatcher.deliver()
    assert delivery(request)["state"] == "cancelled"


def test_a_decision_recorded_at_the_counter_is_the_answer_to_the_dossier(
    app: Any,
    manager: Caller,
    through: Through,
    dispatcher: Dispatcher,
    delivery: Found,
    monkeypatch: Any,
) -> None:
    monkeypatch.setenv("AGENCY_SECRETS", TOLD)
    request = through("api")
    dispatcher.deliver()
    act(manager, request, "start")
    act(manager, request, "complete", {"outcome_reference": "CN-9"})
    sent = delivery(request)
    assert (sent["state"], sent["answer"]["kind"], sent["answer"]["reference"]) == (
        "answered",
        "completed",
        "CN-9",
    )
    # The agency's server says so as well, later: nothing new.
    assert call(app, {"key": sent["id"], "status": "completed"}).status_code == 204


def test_a_dossier_that_could_not_be_sent_is_over_when_its_request_is(
    manager: Caller, through: Through, dispatcher: Dispatcher, agency: AgencyServer, delivery: Found
) -> None:
    request = through("api")
    agency.faults.set({"mode": "400", "fail_next": 1})
    dispatcher.deliver()
    assert delivery(request)["state"] == "failed"
    act(manager, request, "start")
    act(manager, request, "reject", {"motive": "Noms déjà pris."})
    assert delivery(request)["state"] == "cancelled"


def test_a_courier_is_not_handed_the_dossier_of_a_withdrawn_request(
    manager: Caller, through: Through, delivery: Found
) -> None:
    clerk = Clerk(manager)
    gone, stays = through("courier"), through("courier")
    sheet = clerk.send(BORDEREAUX, **DESK).headers["Location"]
    act(manager, gone, "withdraw", {"reason": "Erreur."})
    assert clerk.send(f"{sheet}/hand-out", courier="H. Naciri").status_code == 303
    assert delivery(stays)["state"] == "sent"
    assert delivery(gone)["state"] == "cancelled"
