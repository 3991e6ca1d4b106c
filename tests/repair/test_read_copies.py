"""Read copies held against their owners, and rebuilt from what these announce."""

from typing import Any

import pytest
from sqlalchemy import text

from services.guichet.domain.workflow import COUNTER, Actor
from services.guichet.use_cases.directory.merging import merge_startups
from services.guichet.use_cases.directory.people import erase_people
from services.guichet.use_cases.sessions import end_sessions
from services.guichet.use_cases.staff import open_account
from services.guichet.use_cases.startups import change_startup
from shared import clock
from tests.cli.conftest import CommandLine
from tests.guichet.factories import startup_details
from tests.repair.conftest import Counter
from tests.support.broker import eventually

SITES = ("casablanca",)
COPIES = [
    ("booking", "startups"),
    ("booking", "calendar"),
    ("booking", "tariffs"),
    ("booking", "sessions"),
    ("notifications", "startups"),
    ("notifications", "sessions"),
    ("billing", "startups"),
    ("billing", "sessions"),
]


def agree(guichet: CommandLine, *which: str) -> None:
    eventually(
        lambda: guichet("read-copy", "compare", *which).code == 0,
        what=lambda: guichet("read-copy", "compare", *which).out,
    )


def rebuild(guichet: CommandLine, service: str, name: str) -> None:
    done = guichet("read-copy", "rebuild", service, name, "--send", "--reason", "drifted", "--wait", "60")
    assert (done.code, done.err) == (0, "")
    assert done.out.rstrip().endswith("the copy agrees")


def test_every_copy_agrees_with_its_owner_after_all_that_can_happen_to_a_startup(
    guichet: CommandLine, counter: Counter, known_to_all: Any
) -> None:
    kept, gone, left = known_to_all("Atlas Reste"), known_to_all("Atlas Part"), known_to_all("Cèdre Oubliée")
    with counter.databases["guichet"].transaction() as session:
        merge_startups(
            session,
            winner=(kept.id, 1),
            loser=(gone.id, 1),
            chosen={},
            sites=SITES,
            actor=COUNTER,
            at=clock.now(),
        )
    details = startup_details(
        legal_name="Cèdre Oubliée", ice=None, rc_court=None, rc_number=None, status="left"
    )
    with counter.databases["guichet"].transaction() as session:
        change_startup(session, left.id, details, version=1, sites=SITES, at=clock.now())
    with counter.databases["guichet"].transaction() as session:
        erase_people(
            session,
            left.id,
            version=2,
            typed_name="Cèdre Oubliée",
            sites=SITES,
            actor=COUNTER,
            at=clock.now(),
        )
    agree(guichet)
    out = guichet("read-copy", "compare").out
    assert [line.partition(" (of ")[0] for line in out.splitlines()] == [" ".join(copy) for copy in COPIES]
    # All of it lost, all of it comes back: who was merged, and who is forgotten.
    counter.change("notifications", "DELETE FROM startups")
    assert guichet("read-copy", "compare", "notifications").code == 1
    rebuild(guichet, "notifications", "startups")
    assert (
        counter.value("notifications", "SELECT merged_into FROM startups WHERE id = :id", id=gone.id)
        == kept.id
    )
    assert counter.value("notifications", "SELECT contacts FROM startups WHERE id = :id", id=left.id) == []


@pytest.mark.parametrize(("service", "name"), [copy for copy in COPIES if copy[1] == "startups"])
def test_a_row_that_differs_is_named_and_mended_whatever_version_it_has(
    guichet: CommandLine, counter: Counter, known_to_all: Any, service: str, name: str
) -> None:
    startup = known_to_all(f"Palmier {service}")
    key = "id" if service == "notifications" else "startup_id"
    # As after the owner was restored from an older backup: the copy knows a later version.
    counter.change(
        service,
        f"UPDATE startups SET legal_name = 'somebody else', version = 7 WHERE {key} = :id",
        id=startup.id,
    )
    told = guichet("read-copy", "compare", service, name)
    assert told.code == 1
    line = next(line for line in told.out.splitlines() if str(startup.id) in line)
    assert line.startswith("  different")
    assert {"legal_name", "version"} == set(line.partition(" in ")[2].split(", "))
    looked = guichet("read-copy", "rebuild", service, name)
    assert "nothing was announced" in looked.out
    rebuild(guichet, service, name)
    query = f"SELECT legal_name FROM startups WHERE {key} = :id"
    assert counter.value(service, query, id=startup.id) == startup.legal_name
    audited = "SELECT action || ' ' || type || ' ' || reason FROM operations_audit ORDER BY id DESC LIMIT 1"
    assert counter.value(service, audited) == "rebuild guichet.startups drifted"


def test_only_the_service_whose_copy_is_rebuilt_is_told(guichet: CommandLine, counter: Counter) -> None:
    handled = "SELECT count(*) FROM inbox"
    before = {service: counter.value(service, handled) for service in ("notifications", "billing")}
    rebuild(guichet, "booking", "tariffs")
    eventually(lambda: guichet("ledger").code == 0, what="the announcements")
    told = counter.value("billing", "SELECT count(*) FROM outbox WHERE to_service = 'booking'")
    assert told == counter.value("billing", "SELECT count(*) FROM tariffs")
    assert {service: counter.value(service, handled) for service in before} == before


def test_a_lost_and_a_changed_tariff_come_back(guichet: CommandLine, counter: Counter) -> None:
    agree(guichet, "booking", "tariffs")
    first, second = (
        counter.value("booking", "SELECT tariff_id FROM tariffs ORDER BY tariff_id LIMIT 1 OFFSET :at", at=at)
        for at in (0, 1)
    )
    counter.change("booking", "DELETE FROM tariffs WHERE tariff_id = :id", id=first)
    counter.change("booking", "UPDATE tariffs SET amount = 1 WHERE tariff_id = :id", id=second)
    told = guichet("read-copy", "compare", "booking", "tariffs")
    assert "1 missing, 1 different, 0 its owner does not know" in told.out
    rebuild(guichet, "booking", "tariffs")


def test_a_row_its_owner_does_not_know_is_named_and_left_to_a_person(
    guichet: CommandLine, counter: Counter
) -> None:
    counter.change(
        "booking",
        "INSERT INTO startups (startup_id, legal_name, site, resident, version)"
        " VALUES ('01930000-0000-7000-8000-00000000dead', 'Nobody', 'casablanca', false, 1)",
    )
    told = guichet("read-copy", "compare", "booking", "startups")
    assert told.code == 1
    assert "  unknown    01930000-0000-7000-8000-00000000dead" in told.out
    with counter.databases["booking"].transaction() as session:
        session.execute(text("DELETE FROM startups WHERE legal_name = 'Nobody'"))


def test_a_copy_that_does_not_exist_is_answered_with_those_that_do(guichet: CommandLine) -> None:
    refused = guichet("read-copy", "compare", "billing", "tariffs")
    assert refused.code == 2
    assert (
        "there are: booking startups, booking calendar, booking tariffs, booking sessions, "
        "notifications startups, notifications sessions, billing startups, billing sessions" in refused.err
    )


def test_ended_sessions_that_were_lost_or_are_ahead_of_their_owner_come_back(
    guichet: CommandLine, counter: Counter
) -> None:
    ended = []
    with counter.databases["guichet"].transaction() as session:
        for email in ("lost@staff.example", "ahead@staff.example"):
            account = open_account(
                session,
                email=email,
                name="Hanane Naciri",
                language="fr",
                roles=("agent",),
                sites=SITES,
                agencies=(),
                actor=Actor("shell:0", "Hicham Tazi"),
                at=clock.now(),
            )
            ended.append((account.id, end_sessions(session, account.id, at=clock.now())))
    for service in ("booking", "notifications", "billing"):
        agree(guichet, service, "sessions")
    (lost, lost_from), (ahead, ahead_from) = ended
    counter.change("billing", "DELETE FROM ended_sessions WHERE account_id = :id", id=lost)
    counter.change(
        "billing",
        "UPDATE ended_sessions SET sessions_from = sessions_from + interval '1 minute'"
        " WHERE account_id = :id",
        id=ahead,
    )
    told = guichet("read-copy", "compare", "billing", "sessions")
    assert "1 missing, 1 different, 0 its owner does not know" in told.out
    rebuild(guichet, "billing", "sessions")
    kept = "SELECT sessions_from FROM ended_sessions WHERE account_id = :id"
    assert counter.value("billing", kept, id=lost) == lost_from
    assert counter.value("billing", kept, id=ahead) == ahead_from
