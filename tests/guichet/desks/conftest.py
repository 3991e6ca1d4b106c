from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE


@pytest.fixture
def manager(caller: Callable[..., Caller]) -> Caller:
    return caller("site_manager", sites=("casablanca", "rabat", "tanger", "agadir"), name="S. El Amrani")


@pytest.fixture
def desk_data() -> dict[str, Any]:
    return {
        "names": {"fr": "Second guichet OMPIC", "ar": "الشباك الثاني", "en": "Second OMPIC desk"},
        "capacity": {"open_requests": 60},
        "site": "casablanca",
    }


@pytest.fixture
def file_one(manager: Caller) -> Callable[..., dict[str, Any]]:
    startups: list[str] = []

    def file(site: str = "casablanca") -> dict[str, Any]:
        if not startups:
            startups.append(str(manager.register()["id"]))
        return manager.file(startups[0], CERTIFICATE, ANSWERS[CERTIFICATE], site=site)

    return file


@pytest.fixture
def open_at(counter: Database) -> Callable[[], dict[str, int]]:
    def count() -> dict[str, int]:
        with counter.read() as session:
            rows = session.execute(
                text("SELECT desk, count(*) AS n FROM requests WHERE closed_at IS NULL GROUP BY desk")
            )
            return {row.desk: row.n for row in rows}

    return count
