"""Dossiers sent to an agency's online service."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from deploy.local.standins.agency import AgencyServer
from services.guichet.channels import Dossier
from services.guichet.channels.agency_api import AgencyApi, AgencySettings
from services.guichet.channels.dispatch import Dispatcher
from services.guichet.channels.settings import ChannelSettings
from services.guichet.channels.signing import is_genuine, signature
from services.guichet.domain.deliveries import Breaker, Stubbornness, Verdict
from shared.db import Database
from shared.settings import BadSetting
from tests.guichet.conftest import Caller
from tests.guichet.deliveries.conftest import SECRET, SECRETS, Through

TOLD = ",".join(f"{agency}:{secret}" for agency, secret in SECRETS.items())

Found = Callable[[dict[str, Any]], dict[str, Any]]


def state(manager: Caller, request: dict[str, Any]) -> str:
    return str(manager.get(f"/requests/{request['id']}").get_json()["state"])


def test_a_dossier_is_filed_once_and_its_answer_followed(
    manager: Caller,
    through: Through,
    dispatcher: Dispatcher,
    agency: AgencyServer,
    delivery: Found,
    counter: Database,
) -> None:
    request = through("api")
    dispatcher.deliver()
    (filed,) = agency.records.listed({})
    assert (filed["number"], filed["agency"]) == (request["number"], "ompic")
    assert filed["attachments"] == [f"{request['number']}.pdf"]
    sent = delivery(request)
    assert (sent["state"], sent["attempts"], sent["id"]) == ("sent", 1, filed["key"])
    agency.decide(request["number"], status="accepted")
    dispatcher.deliver()
    assert state(manager, request) == "in_progress"
    agency.decide(request["number"], status="completed", reference="CN-77", documents=["certificat.pdf"])
    dispatcher.deliver()
    done = manager.get(f"/requests/{request['id']}").get_json()
    assert (done["state"], done["outcome_reference"]) == ("completed", "CN-77")
    assert delivery(request)["answer"]["documents"] == ["certificat.pdf"]
    # What came of it in the end is still found under what began it.
    with counter.read() as session:
        bodies = session.scalars(text("SELECT convert_from(body, 'UTF8') FROM outbox ORDER BY seq")).all()
    causes = {event["type"]: event["correlationid"] for event in map(json.loads, bodies)}
    assert causes["guichet.request_completed.v1"] == causes["guichet.request_submitted.v1"]


@pytest.mark.parametrize("mode", ["503", "500", "drop"])
def test_a_failing_server_is_tried_again_until_it_answers(
    through: Through, dispatcher: Dispatcher, agency: AgencyServer, delivery: Found, mode: str
) -> None:
    request = through("api")
    agency.faults.set({"mode": mode, "fail_next": 2})
    dispatcher.deliver()
    waiting = delivery(request)
    assert (waiting["state"], waiting["attempts"]) == ("due", 1)
    assert waiting["last_error"]
    dispatcher.deliver()
    dispatcher.deliver()
    assert delivery(request)["state"] == "sent"
    assert len(agency.records.listed({})) == 1


def test_a_dossier_that_is_refused_waits_for_a_person(
    manager: Caller, through: Through, dispatcher: Dispatcher, agency: AgencyServer, delivery: Found
) -> None:
    request = through("api")
    agency.faults.set({"mode": "400", "fail_next": 1})
    dispatcher.deliver()
    failed = delivery(request)
    assert failed["state"] == "failed"
    assert "not acceptable" in failed["last_error"]
    assert manager.post(f"/deliveries/{failed['id']}/retry").status_code == 204
    dispatcher.deliver()
    assert delivery(request)["state"] == "sent"


def test_a_server_that_keeps_failing_is_left_to_rest(
    counter: Database, through: Through, settings: ChannelSettings, agency: AgencyServer, delivery: Found
) -> None:
    dispatcher = Dispatcher(counter, settings)
    request = through("api")
    agency.faults.set({"mode": "503"})
    for _ in range(8):
        dispatcher.deliver()
    assert agency.attempts == 5
    resting = delivery(request)
    assert (resting["state"], resting["attempts"]) == ("due", 5)
    assert "rest" in resting["last_error"]


def test_a_dossier_of_a_sender_that_died_goes_out_again_under_the_same_key(
    counter: Database, through: Through, settings: ChannelSettings, agency: AgencyServer, delivery: Found
) -> None:
    request = through("api")

    class Killed(BaseException):
        pass

    class Dying(Dispatcher):
        def _write_down(self, *_: Any) -> None:
            raise Killed

    impatient = replace(settings, lease=timedelta(0))
    with pytest.raises(Killed):
        Dying(counter, impatient).deliver()
    assert len(agency.records.listed({})) == 1
    Dispatcher(counter, impatient).deliver()
    assert agency.attempts == 2
    assert len(agency.records.listed({})) == 1
    assert delivery(request)["state"] == "sent"


def test_what_is_missing_goes_to_the_startup_and_the_completed_dossier_back(
    manager: Caller, through: Through, dispatcher: Dispatcher, agency: AgencyServer, delivery: Found
) -> None:
    request = through("api")
    dispatcher.deliver()
    agency.decide(request["number"], status="returned", items=[{"note": "Copie illisible."}])
    dispatcher.deliver()
    assert state(manager, request) == "complement_requested"
    assert manager.post(f"/requests/{request['id']}/complement/received", {}).status_code == 200
    again = delivery(request)
    assert again["state"] == "due"
    dispatcher.deliver()
    assert [one["key"] for one in agency.records.listed({})].count(again["id"]) == 1


def test_a_request_that_went_elsewhere_is_called_back(
    manager: Caller, through: Through, dispatcher: Dispatcher, agency: AgencyServer, delivery: Found
) -> None:
    request = through("api")
    assert manager.post(f"/requests/{request['id']}/withdraw", {"reason": "Erreur."}).status_code == 200
    dispatcher.deliver()
    assert agency.records.listed({}) == []
    assert delivery(request)["state"] == "cancelled"


def call(app: Flask, body: dict[str, Any], *, secret: str = SECRET, age: int = 0) -> Any:
    sent = json.dumps(body).encode()
    timestamp = str(int(time.time()) - age)
    headers = {
        "X-Timestamp": timestamp,
        "X-Signature": signature(secret, timestamp, sent),
        "Content-Type": "application/json",
    }
    return app.test_client().post("/guichet/api/v1/agency-answers", data=sent, headers=headers)


def test_an_agency_may_call_back_once_or_twice(
    app: Flask,
    manager: Caller,
    through: Through,
    dispatcher: Dispatcher,
    delivery: Found,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENCY_SECRETS", TOLD)
    request = through("api")
    dispatcher.deliver()
    said = {"key": delivery(request)["id"], "status": "rejected", "motive": "Noms déjà pris."}
    assert call(app, said, secret="another").status_code == 403
    assert call(app, said, age=3600).status_code == 403
    assert state(manager, request) == "routed"
    assert [call(app, said).status_code for _ in range(2)] == [204, 204]
    rejected = manager.get(f"/requests/{request['id']}").get_json()
    assert (rejected["state"], rejected["motive"]) == ("rejected", "Noms déjà pris.")
    for contrary in ({"status": "completed"}, {"motive": "Autre chose."}):
        assert call(app, said | contrary).status_code == 409


def test_an_agency_is_not_believed_about_another_s_dossier(
    app: Flask,
    manager: Caller,
    through: Through,
    dispatcher: Dispatcher,
    delivery: Found,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENCY_SECRETS", TOLD)
    request = through("api")
    dispatcher.deliver()
    said = {"key": delivery(request)["id"], "status": "rejected", "motive": "Noms déjà pris."}
    assert call(app, said, secret=SECRETS["anapec"]).status_code == 403
    assert call(app, said | {"key": str(uuid4())}).status_code == 403
    monkeypatch.setenv("AGENCY_SECRETS", f"anapec:{SECRET}")
    assert call(app, said).status_code == 403, "the agency has no secret of its own"
    assert state(manager, request) == "routed"


HOSTS = frozenset({"ompic.example"})


@pytest.mark.parametrize(
    ("told", "address", "why"),
    [
        (AgencySettings({"anapec": "x"}, HOSTS), "https://ompic.example/a", "no secret of ompic"),
        (AgencySettings({"ompic": "x"}, HOSTS), "http://ompic.example/a", "https only"),
        (AgencySettings({"ompic": "x"}, HOSTS), "https://127.0.0.1:9/a", "not among AGENCY_HOSTS"),
        (AgencySettings({"ompic": "x"}, HOSTS), "https://ompic.example@127.0.0.1:9/", "not among"),
        (AgencySettings({"ompic": "x"}), "https://ompic.example/a", "not among"),
    ],
)
def test_neither_secret_nor_dossier_leaves_for_a_place_the_operators_have_not_named(
    told: AgencySettings, address: str, why: str
) -> None:
    channel = AgencyApi(told)
    dossier = Dossier("key", "n", "p", "P", "S", None, "casablanca", "2026-11-22", {}, [])
    for outcome in (
        channel.send(dossier, agency="ompic", address=address),
        channel.ask("key", agency="ompic", address=address),
    ):
        assert outcome.verdict is Verdict.DEFERRED
        assert why in outcome.detail


@pytest.mark.parametrize("told", ["ompic", "ompic:", ":x", "ompic:a,ompic:b"])
def test_secrets_that_cannot_be_read_stop_the_start(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENCY_SECRETS", told)
    with pytest.raises(BadSetting, match="AGENCY_SECRETS"):
        ChannelSettings.load()


@pytest.mark.parametrize("body", [{}, {"key": "x", "status": "y"}, {"status": "completed"}])
def test_a_call_that_cannot_be_read_is_refused(
    app: Flask, counter: Database, monkeypatch: pytest.MonkeyPatch, body: dict[str, str]
) -> None:
    monkeypatch.setenv("AGENCY_SECRETS", TOLD)
    assert call(app, body).status_code == 422


def test_without_a_secret_nobody_is_genuine() -> None:
    stamp = str(int(time.time()))
    assert not is_genuine("", stamp, b"{}", signature("", stamp, b"{}"), now=datetime.now(UTC))


@given(st.integers(1, 200), st.integers(1, 100))
def test_pauses_grow_and_stay_within_reason(attempts: int, seconds: int) -> None:
    rules = Stubbornness(first_delay=timedelta(seconds=seconds))
    assert rules.delay(attempts) <= rules.delay(attempts + 1) <= rules.longest_delay


@given(st.lists(st.booleans(), max_size=40))
def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_through_after_its_rest(
    outcomes: list[bool],
) -> None:
    breaker = Breaker(threshold=3, rest=timedelta(seconds=30))
    at = datetime(2026, 11, 23, tzinfo=UTC)
    in_a_row = 0
    for succeeded in outcomes:
        if not breaker.lets_through(at):
            assert in_a_row >= 3
            at += timedelta(seconds=31)
            assert breaker.lets_through(at)
            assert not breaker.lets_through(at)
        if succeeded:
            breaker.succeeded()
            in_a_row = 0
        else:
            breaker.failed(at)
            in_a_row += 1
