"""A search shows what going through every request would, whichever way it takes."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.orm import Session

from services.guichet.domain.requests import State
from services.guichet.domain.scope import Scope
from services.guichet.domain.text import search_key
from services.guichet.storage import request_lists, tables
from services.guichet.storage.request_lists import Wanted
from services.guichet.storage.request_rows import Filed
from shared.db import Database
from tests.guichet.conftest import ALL_SITES
from tests.guichet.factories import CERTIFICATE, PROCEDURES

WORDS = ("atlas", "énergie", "النور", "rare")
AGENCIES = ("ompic", "cnss")
STATES = (State.SUBMITTED, State.IN_PROGRESS, State.COMPLETED, State.HANDED_OVER, State.WITHDRAWN)
REQUESTS = 240
LIMIT = 7
BEGAN = datetime(2026, 9, 1, tzinfo=UTC)

scopes = st.builds(
    Scope,
    st.lists(st.sampled_from(ALL_SITES[:4]), min_size=1, max_size=4, unique=True).map(tuple)
    | st.just(ALL_SITES),
    st.sampled_from([(), AGENCIES[:1]]),
)
searches = st.sampled_from([*WORDS, "a", "2", "atlas 1", "#17", "CAS-2026-000017", "nowhere"])


@pytest.fixture
def session(counter: Database) -> Iterator[Session]:
    """Forty startups and their requests, some sent to another site, some not routed yet."""
    chance = random.Random(20261122)
    startups = [_startup(number, chance) for number in range(40)]
    with counter.transaction() as written:
        written.execute(insert(tables.startups), startups)
        written.execute(
            insert(tables.requests), [_request(serial, startups, chance) for serial in range(1, REQUESTS + 1)]
        )
    with counter.read() as read:
        yield read


def _startup(number: int, chance: random.Random) -> dict[str, Any]:
    name = f"{WORDS[min(number % 5, 3)]} {number}"
    return {
        "id": UUID(int=number + 1),
        "legal_name": name,
        "resident": True,
        "site": chance.choice(ALL_SITES[:4]),
        "search_text": search_key(name),
        "version": 1,
        "registered_at": BEGAN,
        "changed_at": BEGAN,
    }


def _request(serial: int, startups: list[dict[str, Any]], chance: random.Random) -> dict[str, Any]:
    # The newest are of few startups: whoever looks for the others has far to go back.
    startup = chance.choice(startups[:6] if serial > REQUESTS // 2 else startups)
    state, site = chance.choice(STATES), chance.choice(ALL_SITES[:4])
    moment = BEGAN + timedelta(minutes=serial)
    return {
        "id": UUID(int=(serial << 64) + chance.getrandbits(60)),
        "number": f"{site[:3].upper()}-2026-{serial:06d}",
        "serial": serial,
        "startup_id": startup["id"],
        "procedure": CERTIFICATE,
        "procedure_version": PROCEDURES[CERTIFICATE].version,
        "agency": chance.choice(AGENCIES),
        "site": site,
        "desk_site": chance.choice([site, site, chance.choice(ALL_SITES[:4]), None]),
        "state": state.value,
        "answers": {},
        "submitted_at": moment,
        "handed_over_at": moment if state is State.HANDED_OVER else None,
        "closed_at": None if state in STATES[:2] else moment + timedelta(hours=1),
        "filed_by_name": "Y. Benjelloun",
        "tracking_sha256": serial.to_bytes(32, "big"),
        "version": 1,
    }


def _seen(one: Filed, wanted: Wanted) -> bool:
    asked, scope = one.request, wanted.scope
    words = search_key(wanted.search or "").split(" ")
    typed = (wanted.search or "").upper()
    named = all(word in search_key(one.legal_name) for word in words)
    numbered = typed == asked.number or typed.removeprefix("#") == str(int(asked.number.rpartition("-")[2]))
    return (
        (named or numbered)
        and (asked.site in scope.sites or asked.desk_site in scope.sites)
        and scope.serves(asked.agency)
        and wanted.state in (None, asked.state)
        and (wanted.open_or_closed_from is None or _of_today(one, wanted.open_or_closed_from))
    )


def _of_today(one: Filed, since: datetime) -> bool:
    return one.request.closed_at is None or one.request.closed_at >= since


def test_every_way_of_a_search_shows_what_going_through_everything_would(session: Session) -> None:
    every = request_lists.find(session, Wanted(scope=Scope.whole(ALL_SITES)), limit=REQUESTS + 1)
    assert len(every) == REQUESTS

    @settings(max_examples=150)
    @given(
        scopes,
        searches,
        st.sampled_from([None, *STATES]),
        st.sampled_from([None, BEGAN + timedelta(hours=2)]),
        st.sampled_from([0, 5, 100]),
        st.sampled_from([1, 20, 5_000]),
    )
    @example(Scope(("casablanca",)), "rare", None, None, 0, 20)
    @example(Scope(ALL_SITES), "rare", None, None, 0, 20)
    def check(
        scope: Scope, search: str, state: State | None, since: datetime | None, few: int, far: int
    ) -> None:
        wanted = Wanted(scope=scope, search=search, state=state, open_or_closed_from=since)
        with (
            patch.multiple(request_lists, FEW_STARTUPS=few, FEW_EVERYWHERE=few),
            patch.multiple(request_lists, FAR_ENOUGH=far, FAR_ENOUGH_OF_AGENCIES=far),
        ):
            shown: list[Filed] = []
            while True:
                after = shown[-1].request.id if shown else None
                shown += (page := request_lists.find(session, wanted, after=after, limit=LIMIT))
                if len(page) < LIMIT:
                    break
        assert [one.request.number for one in shown] == [
            one.request.number for one in every if _seen(one, wanted)
        ]

    check()
