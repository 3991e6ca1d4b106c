"""Days a site is closed: what the counter says, what booking's own staff decided, and who is in the way."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from services.booking.seed import seed
from services.booking.storage import places
from services.booking.use_cases import read_events
from shared.db import Database
from tests.booking.conftest import Caller
from tests.booking.factories import local, names, open_day
from tests.booking.test_pages import csrf, timeline_data

Told = Callable[..., None]
HOLIDAY = date(open_day().year + 1, 11, 18)


@pytest.fixture
def told(db: Database) -> Told:
    """Learn of a site's year as the worker does."""

    def known(*days: tuple[date, str], site: str = "casablanca", version: int = 1, **changes: Any) -> None:
        record = {
            "calendar_id": uuid.uuid5(uuid.NAMESPACE_OID, site),
            "site": site,
            "year": (days[0][0] if days else open_day()).year,
            "version": version,
            "days": [
                {"date": day, "kind": kind, "names": [names("Fête")], "estimated": False, **changes}
                for day, kind in days
            ],
        }
        with db.transaction() as session:
            read_events.calendar_changed(session, record)

    return known


@pytest.fixture
def decided(db: Database) -> Iterator[Callable[[date], None]]:
    """Close a day of booking's own accord."""
    days: list[date] = []

    def close(day: date) -> None:
        days.append(day)
        with db.transaction() as session:
            session.execute(
                text("INSERT INTO closed_days (site, day, names) VALUES ('casablanca', :day, :names)"),
                {"day": day, "names": '{"fr": "Travaux", "ar": "أشغال", "en": "Works"}'},
            )

    yield close
    with db.transaction() as session:
        session.execute(text("DELETE FROM closed_days WHERE day = ANY(:days)"), {"days": days})


def free(agent: Caller, day: date) -> bool:
    answer = agent.get("/availability", **{"site": "casablanca", "from": day})
    return any(space["free"] for space in answer.get_json()["spaces"])


def try_to_book(agent: Caller, day: date) -> Any:
    return agent.try_to_book(starts_at=local("09:00", day), ends_at=local("10:00", day))


def test_a_day_the_counter_closed_is_neither_free_nor_booked_until_it_is_opened(
    agent: Caller, told: Told
) -> None:
    told((open_day(), "closed"))
    assert not free(agent, open_day())
    refused = try_to_book(agent, open_day())
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "starts_at")
    assert "The site is closed on" in refused.get_json()["detail"]
    told((open_day(), "open"), version=2)
    assert free(agent, open_day())
    assert try_to_book(agent, open_day()).status_code == 201


def test_what_the_counter_said_earlier_is_not_believed_when_it_comes_late(agent: Caller, told: Told) -> None:
    told((open_day(), "open"), version=2)
    told((open_day(), "closed"), version=1)
    told((open_day(), "closed"), version=2)
    assert free(agent, open_day())


def test_a_year_the_counter_told_nothing_of_has_the_holidays_of_fixed_date(agent: Caller, told: Told) -> None:
    assert not free(agent, HOLIDAY)
    told((HOLIDAY, "open"))
    assert free(agent, HOLIDAY)
    assert not free(agent, date(HOLIDAY.year + 1, 11, 18))


def test_what_booking_decided_itself_and_what_the_counter_says_leave_each_other_alone(
    agent: Caller, db: Database, told: Told, decided: Callable[[date], None]
) -> None:
    decided(open_day())
    told((open_day(), "open"), (open_day() + timedelta(days=1), "closed"))
    with db.transaction() as session:
        seed(session, demo=False)
    assert not free(agent, open_day())
    assert not free(agent, open_day() + timedelta(days=1))
    with db.transaction() as session:
        session.execute(text("DELETE FROM closed_days WHERE day = :day"), {"day": open_day()})
    assert free(agent, open_day())


def test_holidays_an_older_version_seeded_are_told_from_what_staff_decided(
    db: Database, decided: Callable[[date], None]
) -> None:
    decided(open_day())
    seeded = text("SELECT day, seeded FROM closed_days WHERE site = 'casablanca' AND day IN (:one, :other)")
    with db.transaction() as session:
        session.execute(text("UPDATE closed_days SET seeded = false"))
        seed(session, demo=False)
        rows = session.execute(seeded, {"one": open_day(), "other": HOLIDAY})
        found = {row.day: row.seeded for row in rows}
    assert found == {open_day(): False, HOLIDAY: True}


def test_a_site_unknown_here_is_kept_until_it_has_spaces(db: Database, told: Told) -> None:
    told((open_day(), "closed"), site="dakhla")
    with db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO sites SELECT 'dakhla', names, zone, opening_hours, hold_hours, 99"
                " FROM sites LIMIT 1"
            )
        )
        site = places.find_site(session, "dakhla")
        session.execute(text("DELETE FROM sites WHERE code = 'dakhla'"))
    assert site is not None
    assert open_day() in site.closed_days


def test_a_booking_on_a_day_that_closes_stands_and_staff_see_it(
    agent: Caller, browser: Callable[..., FlaskClient], told: Told
) -> None:
    booked = agent.book(title="Comité de pilotage")
    agent.book(title="Peinture", purpose="maintenance", space="casablanca-rif")
    agent.book("14:00", "15:00", title="Annulée")
    cancelled = agent.get("/bookings", site="casablanca").get_json()["items"][-1]
    agent.post(f"/bookings/{cancelled['id']}/cancel", {})
    assert booked["on_closed_day"] is False
    told((open_day(), "holiday"))
    (listed,) = agent.get("/bookings/on-closed-days").get_json()["items"]
    assert (listed["id"], listed["state"], listed["on_closed_day"]) == (booked["id"], "confirmed", True)
    client = browser()
    day = client.get(f"/booking/?day={open_day()}").text
    assert "1 booking to come stands where it is closed" in day
    shown = {one["title"]: one["kind"] for one in timeline_data(day)["bookings"]}
    assert shown == {"Comité de pilotage (closed day)": "stranded", "Peinture": "closed"}
    assert "Closed<" in client.get(f"/booking/fragments/agenda?day={open_day()}").text
    assert "stands until somebody cancels it" in client.get(f"/booking/{booked['id']}").text
    assert "Comité de pilotage" in client.get("/booking/closed-days").text
    agent.post(f"/bookings/{booked['id']}/cancel", {})
    assert "No booking stands where it is closed." in client.get("/booking/closed-days").text
    assert "stands where it is closed<" not in client.get(f"/booking/?day={open_day()}").text


def test_only_bookings_of_ones_own_sites_are_listed(
    agent: Caller, caller: Callable[..., Caller], browser: Callable[..., FlaskClient], told: Told
) -> None:
    agent.book(title="Comité")
    told((open_day(), "closed"))
    elsewhere = caller(sites=("rabat",))
    assert elsewhere.get("/bookings/on-closed-days").get_json()["items"] == []
    assert elsewhere.get("/bookings/on-closed-days", site="casablanca").status_code == 403
    assert "Comité" not in browser(sites=("rabat",)).get("/booking/closed-days").text


def test_the_list_goes_on_where_its_page_ended(agent: Caller, told: Told) -> None:
    for clock in ("09:00", "11:00", "13:00"):
        agent.book(clock, f"{int(clock[:2]) + 1}:00", title=clock)
    told((open_day(), "closed"))
    first = agent.get("/bookings/on-closed-days", limit=2).get_json()
    rest = agent.get("/bookings/on-closed-days", limit=2, cursor=first["next_cursor"]).get_json()
    assert [one["title"] for one in first["items"] + rest["items"]] == ["09:00", "11:00", "13:00"]


def test_an_option_on_a_closed_day_cannot_be_confirmed(
    agent: Caller, browser: Callable[..., FlaskClient], told: Told
) -> None:
    held = agent.book(hold=True)
    told((open_day(), "closed"))
    refused = agent.post(f"/bookings/{held['id']}/confirm", {})
    assert refused.status_code == 409
    assert "the option cannot be confirmed" in refused.get_json()["detail"]
    client = browser()
    page = client.get(f"/booking/{held['id']}").text
    assert f"/booking/{held['id']}/confirm" not in page
    form = {"csrf_token": csrf(page)}
    assert client.post(f"/booking/{held['id']}/confirm", data=form).status_code == 409


def test_a_date_that_follows_the_moon_is_said_to_be_estimated(
    browser: Callable[..., FlaskClient], told: Told
) -> None:
    told((open_day(), "holiday"), estimated=True)
    html = browser().get(f"/booking/?day={open_day()}").text
    assert re.search(r"The site is closed this day: Fête \(estimated date\)\.", html)
