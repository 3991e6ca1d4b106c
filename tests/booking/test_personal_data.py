"""The rights of a startup's people in booking: a copy, and being forgotten for good."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from services.booking.use_cases import read_events
from shared.db import Database
from tests.booking.conftest import Caller
from tests.booking.factories import startup_record
from tests.support.everything import everything


def path(startup_id: uuid.UUID) -> str:
    return f"/startups/{startup_id}/personal-data"


def test_the_copy_holds_the_record_and_every_booking_wherever_it_is(
    caller: Callable[..., Caller], startup: Callable[..., uuid.UUID], db: Database
) -> None:
    mine, merged, other = startup(), startup(legal_name="Atlas bis"), startup(legal_name="Oasis")
    agent = caller(sites=("casablanca", "rabat"))
    agent.book(startup_id=str(mine), title="Entretien de Salma Idrissi")
    elsewhere = agent.book("14:00", "15:00", startup_id=str(merged), space="rabat-chellah")
    agent.book("16:00", "17:00", startup_id=str(other), title="Autre")
    with db.transaction() as session:
        read_events.startup_merged(session, {"startup_id": mine, "merged_id": merged})
    answer = caller("site_manager").get(path(mine))
    assert answer.status_code == 200, answer.text
    copy = answer.get_json()
    assert (copy["service"], copy["startup"]["legal_name"]) == ("booking", "Atlas Robotics")
    assert [one["legal_name"] for one in copy["merged"]] == ["Atlas bis"]
    assert {one["title"] for one in copy["bookings"]} == {"Entretien de Salma Idrissi", "comité"}
    assert elsewhere["number"] in {one["number"] for one in copy["bookings"]}


def test_only_a_manager_of_the_startups_site_gets_it(
    caller: Callable[..., Caller], startup: Callable[..., uuid.UUID], browser: Callable[..., Any]
) -> None:
    mine = startup()
    for role in ("agent", "agency_officer", "billing_officer"):
        assert caller(role).get(path(mine)).status_code == 403
    refused = caller("site_manager", sites=("rabat",)).get(path(mine))
    assert (refused.status_code, refused.mimetype) == (404, "application/problem+json")
    fragment = f"/booking/fragments/personal-data?startup_id={mine}"
    assert "booking.json" in browser("site_manager").get(fragment).text
    assert browser("agent").get(fragment).status_code == 403
    assert browser("site_manager").get("/booking/fragments/personal-data?startup_id=x").status_code == 422


def test_nothing_of_the_people_is_left_and_no_older_event_brings_it_back(
    db: Database, agent: Caller, startup: Callable[..., uuid.UUID]
) -> None:
    """A sole trader: the name is a person's. The record that remains comes first, as it is published."""
    gone, merged = startup("Karim Ouaziz"), startup("Karim Ouaziz bis", ice=None)
    booked = agent.book(startup_id=str(gone), title="Entretien de Karim")
    before = [
        startup_record(startup_id=gone, legal_name="Karim Ouaziz"),
        startup_record(startup_id=gone, legal_name="Karim Ouaziz SARL", version=2),
        startup_record(startup_id=merged, legal_name="Karim Ouaziz bis"),
        startup_record(startup_id=merged, legal_name="Karim O.", version=5),
    ]
    with db.transaction() as session:
        read_events.startup_merged(session, {"startup_id": gone, "merged_id": merged})
        read_events.startup_reported(
            session, startup_record(startup_id=gone, legal_name="#0001", ice=None, version=3)
        )
        read_events.startup_erased(session, {"startup_id": gone, "version": 3})
    assert "Karim" not in everything(db)
    shown = agent.get(f"/bookings/{booked['id']}").get_json()
    assert (shown["title"], shown["starts_at"]) == ("", booked["starts_at"])
    with db.transaction() as session:
        for record in before:
            read_events.startup_reported(session, record)
    assert "Karim" not in everything(db)


@pytest.mark.parametrize(("version", "believed"), [(2, "Atlas"), (3, "#0001")])
def test_after_an_erasure_only_the_record_that_remains_is_still_believed(
    db: Database, startup: Callable[..., uuid.UUID], version: int, believed: str
) -> None:
    """Of two changes set aside, the later is the one that erased."""
    gone = startup("Atlas")
    with db.transaction() as session:
        read_events.startup_erased(session, {"startup_id": gone, "version": 3})
        read_events.startup_reported(
            session, startup_record(startup_id=gone, legal_name="#0001", version=version)
        )
    assert believed in everything(db)
